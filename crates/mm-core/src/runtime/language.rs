//! Sessions of the three graphs behind captions, answers and search.

use ndarray::{Array2, Array4, ArrayView2, ArrayView4, Axis};
use ort::{
    session::{Session, SessionOutputs},
    value::{Tensor, TensorRef},
};

use super::{
    DecoderNetwork, PictureTensors, TextNetwork, VisionNetwork, VisionTensors,
    load::{Element, End, Opened, SessionOptions, Work, check_ends, first_line, load},
    provider::{Notice, Provider},
    sentinel::FirstRun,
};
use crate::{
    bundle::{DecoderConfig, TextConfig, VisionConfig},
    error::{Error, Result},
};

fn invalid(model: &str, detail: String) -> Error {
    Error::RuntimeModelInvalid { model: model.to_owned(), detail }
}

fn failed(model: &str) -> impl Fn(ort::Error) -> Error + '_ {
    move |e| Error::RuntimeInferenceFailed { model: model.to_owned(), detail: first_line(&e.to_string()) }
}

const fn f32_end<'a>(name: &'a str, shape: &'a [Option<usize>]) -> End<'a> {
    End { name, element: Element::F32, shape }
}

const fn i64_end<'a>(name: &'a str, shape: &'a [Option<usize>]) -> End<'a> {
    End { name, element: Element::I64, shape }
}

/// Takes one output out of a run as an owned tensor; nothing is copied.
fn take(outputs: &mut SessionOutputs<'_>, name: &str, model: &str) -> Result<Tensor<f32>> {
    let value = outputs.remove(name).ok_or_else(|| invalid(model, format!("it gave no {name:?}")))?;
    value.downcast().map_err(failed(model))
}

/// Copies an output of fixed rank.
fn array<const N: usize>(
    outputs: &SessionOutputs<'_>,
    name: &str,
    model: &str,
) -> Result<(Vec<f32>, [usize; N])> {
    let (shape, data) = outputs[name].try_extract_tensor::<f32>().map_err(failed(model))?;
    let dims: Vec<usize> = shape.iter().map(|&d| usize::try_from(d).unwrap_or(0)).collect();
    let dims =
        dims.try_into().map_err(|_| invalid(model, format!("its {name:?} has the shape {shape:?}")))?;
    Ok((data.to_vec(), dims))
}

fn shaped<D: ndarray::Dimension>(
    (data, dims): (Vec<f32>, impl Into<ndarray::StrideShape<D>>),
    model: &str,
) -> Result<ndarray::Array<f32, D>> {
    ndarray::Array::from_shape_vec(dims, data).map_err(|e| invalid(model, e.to_string()))
}

/// The picture encoder.
pub struct VisionSession {
    session: Session,
    first: FirstRun,
    provider: Provider,
    config: VisionConfig,
}

const VISION: &str = "vision";
const DECODER: &str = "decoder";
const TEXT: &str = "text";

impl VisionSession {
    /// Loads the graph and checks its ends against the manifest, keys and values against the decoder's.
    ///
    /// Fails with `runtime.library_missing` or `runtime.model_invalid`.
    pub fn load(
        graph: &[u8],
        config: &VisionConfig,
        decoder: Option<&DecoderConfig>,
        options: &SessionOptions,
        notices: &mut Vec<Notice>,
    ) -> Result<Self> {
        let Opened { session, provider, first } = load(VISION, graph, options, Work::ManyShort, notices)?;
        let side = Some(config.size as usize);
        let memory =
            [decoder.map(|d| d.layers), decoder.map(|d| d.heads), None, decoder.map(|d| d.head_size)];
        check_ends(
            &session,
            &[f32_end(&config.inputs[0], &[Some(1), Some(3), side, side])],
            &[
                f32_end(&config.outputs[0], &[Some(1), Some(config.embedding)]),
                f32_end(&config.outputs[1], &memory),
                f32_end(&config.outputs[2], &memory),
            ],
        )
        .map_err(|detail| invalid(VISION, detail))?;
        Ok(Self { session, first, provider, config: config.clone() })
    }

    /// The provider that runs this graph.
    #[must_use]
    pub fn provider(&self) -> Provider {
        self.provider
    }
}

impl VisionNetwork for VisionSession {
    fn run(&mut self, image: ArrayView4<'_, f32>) -> Result<VisionTensors> {
        let config = &self.config;
        let image = TensorRef::from_array_view(image).map_err(failed(VISION))?;
        let inputs = ort::inputs![config.inputs[0].as_str() => image];
        let outputs = self.first.run(|| self.session.run(inputs)).map_err(failed(VISION))?;
        let (embedding, _) = array::<2>(&outputs, &config.outputs[0], VISION)?;
        Ok(VisionTensors {
            embedding,
            keys: shaped(array::<4>(&outputs, &config.outputs[1], VISION)?, VISION)?,
            values: shaped(array::<4>(&outputs, &config.outputs[2], VISION)?, VISION)?,
        })
    }
}

/// The decoder, a step at a time.
pub struct DecoderSession {
    session: Session,
    first: FirstRun,
    config: DecoderConfig,
}

/// Keys and values of the positions so far, f32 `[layers, rows, heads, positions, head size]`: tensors of ONNX
/// Runtime, handed from one step to the next without a copy.
pub struct Cache {
    keys: Tensor<f32>,
    values: Tensor<f32>,
    positions: usize,
}

impl DecoderSession {
    /// Loads the graph and checks its ends against the manifest.
    ///
    /// Fails with `runtime.library_missing` or `runtime.model_invalid`.
    pub fn load(
        graph: &[u8],
        config: &DecoderConfig,
        options: &SessionOptions,
        notices: &mut Vec<Notice>,
    ) -> Result<Self> {
        let Opened { session, first, .. } = load(DECODER, graph, options, Work::Tiny, notices)?;
        let (layers, heads, size) = (Some(config.layers), Some(config.heads), Some(config.head_size));
        let (past, picture) = ([layers, None, heads, None, size], [layers, heads, None, size]);
        let [tokens, start, past_keys, past_values, picture_keys, picture_values] = config.inputs.as_slice()
        else {
            return Err(invalid(DECODER, format!("the manifest names {} inputs", config.inputs.len())));
        };
        let [logits, keys, values] = config.outputs.as_slice() else {
            return Err(invalid(DECODER, format!("the manifest names {} outputs", config.outputs.len())));
        };
        check_ends(
            &session,
            &[
                i64_end(tokens, &[None, None]),
                i64_end(start, &[Some(1)]),
                f32_end(past_keys, &past),
                f32_end(past_values, &past),
                f32_end(picture_keys, &picture),
                f32_end(picture_values, &picture),
            ],
            &[
                f32_end(logits, &[None, Some(config.vocabulary)]),
                f32_end(keys, &past),
                f32_end(values, &past),
            ],
        )
        .map_err(|detail| invalid(DECODER, detail))?;
        Ok(Self { session, first, config: config.clone() })
    }
}

/// The chosen rows of a cache tensor, which stand along its second axis.
fn rows_of(tensor: &Tensor<f32>, rows: &[usize]) -> Result<Tensor<f32>> {
    let (shape, data) = tensor.extract_tensor();
    let dims: Vec<usize> = shape.iter().map(|&d| usize::try_from(d).unwrap_or(0)).collect();
    let view = ndarray::ArrayView::from_shape(dims, data).map_err(|e| invalid(DECODER, e.to_string()))?;
    let chosen = view.select(Axis(1), rows).as_standard_layout().into_owned();
    Tensor::from_array(chosen).map_err(failed(DECODER))
}

impl DecoderNetwork for DecoderSession {
    type Cache = Cache;

    fn start(&mut self, rows: usize) -> Result<Cache> {
        let DecoderConfig { layers, heads, head_size, .. } = self.config;
        let empty = || {
            Tensor::from_array(ndarray::Array5::<f32>::zeros((layers, rows, heads, 0, head_size)))
                .map_err(failed(DECODER))
        };
        Ok(Cache { keys: empty()?, values: empty()?, positions: 0 })
    }

    fn step(
        &mut self,
        tokens: ArrayView2<'_, i64>,
        cache: Cache,
        picture: PictureTensors<'_>,
    ) -> Result<(Array2<f32>, Cache)> {
        let (inputs, names) = (&self.config.inputs, &self.config.outputs);
        let new = tokens.ncols();
        let start = [i64::try_from(cache.positions).unwrap_or(i64::MAX)];
        let view = |array| TensorRef::from_array_view(array).map_err(failed(DECODER));
        let inputs = ort::inputs![
            inputs[0].as_str() => TensorRef::from_array_view(tokens).map_err(failed(DECODER))?,
            inputs[1].as_str() => TensorRef::from_array_view(([1usize], start.as_slice())).map_err(failed(DECODER))?,
            inputs[2].as_str() => &cache.keys,
            inputs[3].as_str() => &cache.values,
            inputs[4].as_str() => view(picture.keys)?,
            inputs[5].as_str() => view(picture.values)?,
        ];
        let mut outputs = self.first.run(|| self.session.run(inputs)).map_err(failed(DECODER))?;
        let logits = shaped(array::<2>(&outputs, &names[0], DECODER)?, DECODER)?;
        let grown = Cache {
            keys: take(&mut outputs, &names[1], DECODER)?,
            values: take(&mut outputs, &names[2], DECODER)?,
            positions: cache.positions + new,
        };
        Ok((logits, grown))
    }

    fn select(&mut self, cache: Cache, rows: &[usize]) -> Result<Cache> {
        let (keys, values) = (rows_of(&cache.keys, rows)?, rows_of(&cache.values, rows)?);
        Ok(Cache { keys, values, positions: cache.positions })
    }
}

/// The text encoder.
pub struct TextSession {
    session: Session,
    first: FirstRun,
    config: TextConfig,
}

impl TextSession {
    /// Loads the graph and checks its ends against the manifest.
    ///
    /// Fails with `runtime.library_missing` or `runtime.model_invalid`.
    pub fn load(
        graph: &[u8],
        config: &TextConfig,
        options: &SessionOptions,
        notices: &mut Vec<Notice>,
    ) -> Result<Self> {
        let Opened { session, first, .. } = load(TEXT, graph, options, Work::Tiny, notices)?;
        check_ends(
            &session,
            &[i64_end(&config.inputs[0], &[None, None])],
            &[f32_end(&config.outputs[0], &[None, Some(config.embedding)])],
        )
        .map_err(|detail| invalid(TEXT, detail))?;
        Ok(Self { session, first, config: config.clone() })
    }
}

impl TextNetwork for TextSession {
    fn run(&mut self, tokens: ArrayView2<'_, i64>) -> Result<Array2<f32>> {
        let tokens = TensorRef::from_array_view(tokens).map_err(failed(TEXT))?;
        let inputs = ort::inputs![self.config.inputs[0].as_str() => tokens];
        let outputs = self.first.run(|| self.session.run(inputs)).map_err(failed(TEXT))?;
        shaped(array::<2>(&outputs, &self.config.outputs[0], TEXT)?, TEXT)
    }
}

impl<'a> From<(&'a Array4<f32>, &'a Array4<f32>)> for PictureTensors<'a> {
    fn from((keys, values): (&'a Array4<f32>, &'a Array4<f32>)) -> Self {
        Self { keys: keys.view(), values: values.view() }
    }
}
