//! From a serialised graph to a session on the first provider that takes it.

use std::{num::NonZeroUsize, path::PathBuf, thread};

use ort::{
    session::{
        Session,
        builder::{GraphOptimizationLevel, SessionBuilder},
    },
    value::{Outlet, TensorElementType, ValueType},
};

use super::{
    library::environment,
    provider::{self, Notice, Provider},
    sentinel::{self, FirstRun},
};
use crate::error::{Error, Result};

/// How graphs are loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionOptions {
    /// Preferred provider; others follow if it cannot start.
    pub provider: Provider,
    /// Threads within one operator; `None` uses every core the process may use.
    pub threads: Option<NonZeroUsize>,
    /// Folder in which providers that end the process are remembered, so that they are skipped with a notice
    /// afterwards; see [`sentinel`]. `None` remembers nothing.
    pub sentinel: Option<PathBuf>,
}

impl SessionOptions {
    /// The number of threads that will be used.
    #[must_use]
    pub fn effective_threads(&self) -> usize {
        self.threads.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get)
    }
}

/// What a graph's own work asks of the threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// Operators of milliseconds: idle threads sleep.
    Long,
    /// A hundred operators of a fraction of a millisecond: waking a sleeping thread for each costs what it saves (the
    /// first picture encoder, EfficientNet-Lite2 at 240 pixels, on two idle cores: 22 ms, as with one thread; 12 to 14
    /// ms with threads that spin). So idle threads spin, for [`SPIN_MICROSECONDS`] and never beyond the run.
    ManyShort,
    /// Operators of microseconds: a second thread gains nothing (a decoder step takes 1.2 ms with one thread and with
    /// two at best, and with two far more once another program wants the core).
    Tiny,
}

/// About the time between two operators. Where another program has the other core, every microsecond that a thread
/// spins is taken from the one that works: without a bound the encoder took twice as long there as with threads that
/// sleep (60 against 31 ms), with this bound a quarter longer (39 ms).
const SPIN_MICROSECONDS: &str = "200";

/// A session ready to run.
pub(super) struct Opened {
    pub session: Session,
    pub provider: Provider,
    /// Watches over the first run.
    pub first: FirstRun,
}

pub(super) fn load(
    name: &str,
    graph: &[u8],
    options: &SessionOptions,
    work: Work,
    notices: &mut Vec<Notice>,
) -> Result<Opened> {
    let environment = environment()?;
    let crashed = options.sentinel.as_deref().map(sentinel::skipped).unwrap_or_default();
    let mut last_error = String::new();
    for &provider in options.provider.candidates() {
        if crashed.contains(&provider) {
            tracing::warn!(model = name, %provider, "provider skipped: it ended the process before");
            notices.push(provider::crashed(provider));
            continue;
        }
        let session = sentinel::watch(options.sentinel.as_deref(), provider, || {
            builder(options, work).and_then(|b| provider::configure(b, environment, provider)).and_then(
                |mut builder| builder.commit_from_memory(graph).map_err(|e| first_line(&e.to_string())),
            )
        });
        match session {
            Ok(session) => return Ok(Opened { session, provider, first: FirstRun::new(options, provider) }),
            Err(reason) => {
                tracing::warn!(model = name, %provider, reason, "provider not used");
                if provider != Provider::Cpu {
                    let message = format!(
                        "{provider} cannot run {name} here ({reason}); the next provider is used instead"
                    );
                    notices.push(Notice { code: "runtime.provider_unavailable".to_owned(), message });
                }
                last_error = reason;
            }
        }
    }
    Err(Error::RuntimeModelInvalid { model: name.to_owned(), detail: last_error })
}

fn builder(options: &SessionOptions, work: Work) -> std::result::Result<SessionBuilder, String> {
    let environment = environment().map_err(|e| e.to_string())?;
    let text = |e: ort::Error<SessionBuilder>| e.to_string();
    let threads = if work == Work::Tiny { 1 } else { options.effective_threads() };
    let builder = Session::builder(environment)
        .map_err(|e| e.to_string())?
        .with_optimization_level(GraphOptimizationLevel::All)
        .map_err(text)?
        .with_intra_threads(threads)
        .map_err(text)?
        // Threads that spin between frames cost a whole core: wrong for a battery.
        .with_intra_op_spinning(work == Work::ManyShort)
        .map_err(text)?;
    if work != Work::ManyShort {
        return Ok(builder);
    }
    builder
        .with_config_entry("session.intra_op.spin_duration_us", SPIN_MICROSECONDS)
        .map_err(text)?
        .with_config_entry("session.force_spinning_stop", "1")
        .map_err(text)
}

/// Element type of a graph's input or output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    F32,
    I64,
}

impl Element {
    const fn tensor(self) -> TensorElementType {
        match self {
            Self::F32 => TensorElementType::Float32,
            Self::I64 => TensorElementType::Int64,
        }
    }
}

/// A named end of a graph as the caller expects it; `None` is any size.
pub(super) struct End<'a> {
    pub name: &'a str,
    pub element: Element,
    pub shape: &'a [Option<usize>],
}

/// Whether the graph has exactly these inputs and at least these outputs. Sizes that the graph leaves free fit any.
pub(super) fn check_ends(
    session: &Session,
    inputs: &[End<'_>],
    outputs: &[End<'_>],
) -> std::result::Result<(), String> {
    if session.inputs().len() != inputs.len() {
        return Err(format!("it has {} inputs, expected {}", session.inputs().len(), inputs.len()));
    }
    inputs.iter().try_for_each(|end| check_end("input", session.inputs(), end))?;
    outputs.iter().try_for_each(|end| check_end("output", session.outputs(), end))
}

fn check_end(side: &str, outlets: &[Outlet], end: &End<'_>) -> std::result::Result<(), String> {
    let name = end.name;
    let outlet =
        outlets.iter().find(|o| o.name() == name).ok_or_else(|| format!("it has no {side} {name:?}"))?;
    let ValueType::Tensor { ty, shape, .. } = outlet.dtype() else {
        return Err(format!("its {side} {name:?} is not a tensor"));
    };
    if *ty != end.element.tensor() {
        return Err(format!("its {side} {name:?} holds {ty}, expected {}", end.element.tensor()));
    }
    let fits = shape.len() == end.shape.len()
        && shape.iter().zip(end.shape).all(|(&found, expected)| {
            // A free dimension is negative.
            usize::try_from(found).is_err() || expected.is_none_or(|e| usize::try_from(found) == Ok(e))
        });
    let sizes = || {
        let words: Vec<String> =
            end.shape.iter().map(|d| d.map_or("any".to_owned(), |d| d.to_string())).collect();
        words.join(", ")
    };
    if fits {
        Ok(())
    } else {
        Err(format!("its {side} {name:?} has the shape {shape:?}, expected [{}]", sizes()))
    }
}

/// ONNX Runtime's messages can run over many lines; the first says what happened.
pub(super) fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().trim().to_owned()
}
