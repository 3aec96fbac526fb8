//! A graph with one f32 input, of which one f32 output is wanted.

use ndarray::{ArrayD, ArrayViewD, IxDyn};
use ort::{
    session::Session,
    value::{Outlet, TensorElementType, TensorRef, ValueType},
};

use super::{
    Network,
    load::{Opened, SessionOptions, Work, first_line, load},
    provider::{Notice, Provider},
    sentinel::FirstRun,
};
use crate::error::{Error, Result};

/// A graph with one f32 input whose first output is f32.
pub struct GraphSession {
    name: String,
    input: String,
    output: String,
    provider: Provider,
    session: Session,
    first: FirstRun,
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
        let Opened { session, provider, first } = load(name, graph, options, Work::Long, notices)?;
        check_signature(&session, input, output)
            .map_err(|detail| Error::RuntimeModelInvalid { model: name.to_owned(), detail })?;
        Ok(Self {
            name: name.to_owned(),
            input: input.to_owned(),
            output: output.to_owned(),
            provider,
            session,
            first,
        })
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
        let Self { name, input: input_name, output, session, first, .. } = self;
        let failed = |e: ort::Error| Error::RuntimeInferenceFailed {
            model: name.clone(),
            detail: first_line(&e.to_string()),
        };
        let input = TensorRef::from_array_view(input.view()).map_err(failed)?;
        let inputs = ort::inputs![input_name.as_str() => input];
        let outputs = first.run(|| session.run(inputs)).map_err(failed)?;
        let (shape, data) = outputs[output.as_str()].try_extract_tensor::<f32>().map_err(failed)?;
        let dims: Vec<usize> = shape.iter().map(|&d| usize::try_from(d).unwrap_or(0)).collect();
        ArrayD::from_shape_vec(IxDyn(&dims), data.to_vec())
            .map_err(|e| Error::RuntimeInferenceFailed { model: name.clone(), detail: e.to_string() })
    }
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
