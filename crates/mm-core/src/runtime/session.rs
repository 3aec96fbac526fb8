//! A graph loaded in ONNX Runtime on the first provider that takes it.

use std::{num::NonZeroUsize, thread};

use ndarray::{ArrayD, ArrayViewD, IxDyn};
use ort::{
    session::{
        Session,
        builder::{GraphOptimizationLevel, SessionBuilder},
    },
    value::{Outlet, TensorElementType, TensorRef, ValueType},
};

use super::{
    Network,
    library::environment,
    provider::{self, Notice, Provider},
};
use crate::error::{Error, Result};

/// How graphs are loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionOptions {
    /// Preferred provider; others follow if it cannot start.
    pub provider: Provider,
    /// Threads within one operator; `None` uses every core the process may use.
    pub threads: Option<NonZeroUsize>,
}

impl SessionOptions {
    /// The number of threads that will be used.
    #[must_use]
    pub fn effective_threads(&self) -> usize {
        self.threads.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get)
    }
}

/// A graph with one f32 input whose first output is f32.
pub struct GraphSession {
    name: String,
    input: String,
    output: String,
    provider: Provider,
    session: Session,
}

impl GraphSession {
    /// Loads `graph` (a serialised ONNX model) and checks that it has the input and output named.
    ///
    /// `name` appears in errors. Providers that cannot start add a [`Notice`] and the next one is tried; fails
    /// with `runtime.library_missing`, or `runtime.model_invalid` if even the CPU cannot load the graph.
    pub fn load(
        name: &str,
        graph: &[u8],
        (input, output): (&str, &str),
        options: &SessionOptions,
        notices: &mut Vec<Notice>,
    ) -> Result<Self> {
        let environment = environment()?;
        let invalid = |detail: String| Error::RuntimeModelInvalid { model: name.to_owned(), detail };
        let mut last_error = String::new();
        for &provider in options.provider.candidates() {
            let session =
                builder(options).and_then(|b| provider::configure(b, environment, provider)).and_then(
                    |mut builder| builder.commit_from_memory(graph).map_err(|e| first_line(&e.to_string())),
                );
            match session {
                Ok(session) => {
                    check_signature(&session, input, output).map_err(invalid)?;
                    return Ok(Self {
                        name: name.to_owned(),
                        input: input.to_owned(),
                        output: output.to_owned(),
                        provider,
                        session,
                    });
                }
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
        Err(invalid(last_error))
    }

    /// The provider that runs this graph.
    #[must_use]
    pub fn provider(&self) -> Provider {
        self.provider
    }

    /// Size of the last dimension of the output, if the graph fixes it.
    #[must_use]
    pub fn output_width(&self) -> Option<usize> {
        let outlet = self.session.outputs().iter().find(|o| o.name() == self.output)?;
        let ValueType::Tensor { shape, .. } = outlet.dtype() else { return None };
        shape.last().and_then(|&d| usize::try_from(d).ok())
    }
}

impl Network for GraphSession {
    fn run(&mut self, input: ArrayViewD<'_, f32>) -> Result<ArrayD<f32>> {
        let Self { name, input: input_name, output, session, .. } = self;
        let failed = |e: ort::Error| Error::RuntimeInferenceFailed {
            model: name.clone(),
            detail: first_line(&e.to_string()),
        };
        let input = TensorRef::from_array_view(input.view()).map_err(failed)?;
        let outputs = session.run(ort::inputs![input_name.as_str() => input]).map_err(failed)?;
        let (shape, data) = outputs[output.as_str()].try_extract_tensor::<f32>().map_err(failed)?;
        let dims: Vec<usize> = shape.iter().map(|&d| usize::try_from(d).unwrap_or(0)).collect();
        ArrayD::from_shape_vec(IxDyn(&dims), data.to_vec())
            .map_err(|e| Error::RuntimeInferenceFailed { model: name.clone(), detail: e.to_string() })
    }
}

fn builder(options: &SessionOptions) -> std::result::Result<SessionBuilder, String> {
    let environment = environment().map_err(|e| e.to_string())?;
    let text = |e: ort::Error<SessionBuilder>| e.to_string();
    Session::builder(environment)
        .map_err(|e| e.to_string())?
        .with_optimization_level(GraphOptimizationLevel::All)
        .map_err(text)?
        .with_intra_threads(options.effective_threads())
        .map_err(text)?
        // Spinning threads win a little latency and cost a whole core between frames: wrong for a battery.
        .with_intra_op_spinning(false)
        .map_err(text)
}

fn check_signature(session: &Session, input: &str, output: &str) -> std::result::Result<(), String> {
    let f32_named = |outlets: &[Outlet], name: &str| {
        outlets
            .iter()
            .find(|o| o.name() == name)
            .map(|o| matches!(o.dtype(), ValueType::Tensor { ty: TensorElementType::Float32, .. }))
    };
    match (f32_named(session.inputs(), input), f32_named(session.outputs(), output)) {
        (Some(true), Some(true)) if session.inputs().len() == 1 => Ok(()),
        (Some(_), Some(_)) => Err(format!("expected exactly one f32 input {input:?} and an f32 {output:?}")),
        (None, _) => Err(format!("it has no input {input:?}")),
        (_, None) => Err(format!("it has no output {output:?}")),
    }
}

/// ONNX Runtime's messages can run over many lines; the first says what happened.
fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().trim().to_owned()
}
