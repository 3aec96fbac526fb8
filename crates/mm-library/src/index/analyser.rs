//! What turns a picture into what can be searched.

use mm_core::{
    Result, RgbImage,
    bundle::Role,
    model::Model,
    tasks::{
        CancelToken,
        caption::CaptionOptions,
        embed::Embedding,
        ocr::{ReadOptions, TextPage},
    },
};

/// What is found out about a picture.
#[derive(Debug, Clone)]
pub struct Analysis {
    /// Where it stands among all pictures and texts.
    pub embedding: Embedding,
    /// What it shows, as a person would write it.
    pub caption: String,
    /// Calibrated, [0, 1].
    pub caption_confidence: f32,
    /// The text in it.
    pub page: TextPage,
}

/// Analyses pictures, one at a time.
pub trait Analyser: Send + Sync {
    /// Names exactly what does the analysis: photos analysed under another key are analysed again.
    fn key(&self) -> String;

    /// Analyses an upright picture.
    ///
    /// Fails with `task.cancelled` soon after `cancel` is, and as the model does. Errors `bundle.*`, `task.unsupported`,
    /// `runtime.library_missing` and `runtime.model_invalid` end indexing, since every photo would fail alike.
    fn analyse(&self, image: &RgbImage, cancel: &CancelToken) -> Result<Analysis>;
}

impl Analyser for Model {
    /// The bundle's name and version, and a hash over the hashes of every file that takes part.
    fn key(&self) -> String {
        const PARTS: [Role; 6] = [
            Role::Vision,
            Role::Decoder,
            Role::Tokenizer,
            Role::OcrDetector,
            Role::OcrRecognizer,
            Role::OcrCharacters,
        ];
        let manifest = self.bundle().manifest();
        let mut parts = blake3::Hasher::new();
        for file in PARTS.iter().filter_map(|role| manifest.file(*role)) {
            parts.update(file.role.as_str().as_bytes()).update(file.sha256.as_bytes());
        }
        let hash = parts.finalize().to_hex();
        format!("{} {} {}", manifest.name, manifest.version, &hash[..16])
    }

    fn analyse(&self, image: &RgbImage, cancel: &CancelToken) -> Result<Analysis> {
        cancel.check()?;
        let encoded = self.encode(image)?;
        cancel.check()?;
        // Greedy: a beam search takes several times as long and hardly changes which words can be searched for.
        let how =
            CaptionOptions { beams: Some(1), cancel: Some(cancel.clone()), ..CaptionOptions::default() };
        let caption = self.caption_encoded(&encoded, &how)?;
        let page =
            self.read_text(image, &ReadOptions { cancel: Some(cancel.clone()), ..ReadOptions::default() })?;
        Ok(Analysis {
            embedding: encoded.embedding().clone(),
            caption: caption.sentence(),
            caption_confidence: caption.confidence,
            page,
        })
    }
}
