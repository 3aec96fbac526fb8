//! One pass of the picture encoder, shared by captions, answers and search.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use image::RgbImage;
use ndarray::Array4;

use super::{
    embed::Embedding,
    tensor::{Normalisation, resized_tensor},
};
use crate::{
    bundle::{ResizeMethod, VisionConfig},
    error::Result,
    resize::Filter,
    runtime::{PictureTensors, VisionNetwork, VisionSession},
};

/// How long encoding took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EncodeTimings {
    /// Resizing and normalising.
    pub preprocess: Duration,
    /// The encoder network.
    pub vision: Duration,
}

/// What the encoder knows about a picture: enough for captions, answers and search, without the pixels.
///
/// Cheap to clone and to share between threads. About a third of a megabyte with the shipped bundle.
#[derive(Debug, Clone)]
pub struct Encoded(Arc<Contents>);

#[derive(Debug)]
struct Contents {
    keys: Array4<f32>,
    values: Array4<f32>,
    embedding: Embedding,
    timings: EncodeTimings,
}

impl Encoded {
    /// A picture of nothing but its embedding.
    #[cfg(test)]
    pub(crate) fn for_tests(embedding: Vec<f32>) -> Self {
        let nothing = || Array4::zeros((1, 1, 1, 1));
        let timings = EncodeTimings::default();
        let embedding = Embedding::normalised(embedding, "test").unwrap();
        Self(Arc::new(Contents { keys: nothing(), values: nothing(), embedding, timings }))
    }

    /// The picture's retrieval embedding.
    #[must_use]
    pub fn embedding(&self) -> &Embedding {
        &self.0.embedding
    }

    /// How long encoding took.
    #[must_use]
    pub fn timings(&self) -> EncodeTimings {
        self.0.timings
    }

    /// What the decoder attends to.
    #[must_use]
    pub fn tensors(&self) -> PictureTensors<'_> {
        (&self.0.keys, &self.0.values).into()
    }
}

/// The picture encoder with its settings.
pub struct PictureEncoder<N = VisionSession> {
    network: N,
    normalisation: Normalisation,
    size: u32,
    filter: Filter,
}

impl<N: VisionNetwork> PictureEncoder<N> {
    /// An encoder fed as `config` says.
    pub fn new(network: N, config: &VisionConfig) -> Self {
        Self {
            network,
            normalisation: Normalisation::new(config.scale, config.mean, config.std, config.color_order),
            size: config.size,
            filter: match config.resize {
                ResizeMethod::BicubicAntialias => Filter::BicubicAntialias,
                ResizeMethod::BilinearAntialias => Filter::BilinearAntialias,
            },
        }
    }

    /// Encodes `image`, squeezed to the encoder's square.
    ///
    /// Fails with `frame.invalid` for an image without pixels, `runtime.inference_failed` or `runtime.model_invalid`.
    pub fn encode(&mut self, image: &RgbImage) -> Result<Encoded> {
        let start = Instant::now();
        let input = resized_tensor(image, (self.size, self.size), self.filter, &self.normalisation)?;
        let preprocess = start.elapsed();
        let tensors = self.network.run(input.view())?;
        let timings = EncodeTimings { preprocess, vision: start.elapsed().saturating_sub(preprocess) };
        let embedding = Embedding::normalised(tensors.embedding, "vision")?;
        Ok(Encoded(Arc::new(Contents { keys: tensors.keys, values: tensors.values, embedding, timings })))
    }
}
