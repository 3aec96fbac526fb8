//! The command line, as documented by `mm --help`.

use std::{
    num::{NonZeroU64, NonZeroUsize},
    path::PathBuf,
};

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use mm_camera::SourceSpec;
use mm_core::{
    model::{DEFAULT_BUNDLE, Model, ModelOptions},
    runtime::{Provider, SessionOptions},
    tasks::caption::MAX_BEAMS,
};

/// Describe pictures, answer questions about them and read their text, on this device. Nothing leaves it: there is no
/// network code in this program.
#[derive(Debug, Parser)]
#[command(name = "mm", version, arg_required_else_help = true, propagate_version = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub model: ModelArguments,
    /// Say on standard error what is going on (finer control: the `MM_LOG` variable, e.g. `mm_core=debug`).
    #[arg(long, short, global = true)]
    pub verbose: bool,
}

/// Which model runs, and on what.
#[derive(Debug, Args)]
pub struct ModelArguments {
    /// Model bundle: a name to look up or the path of its folder.
    #[arg(long, short, global = true, default_value = DEFAULT_BUNDLE, value_hint = ValueHint::DirPath)]
    pub model: String,
    /// Execution provider: auto, cpu, qnn or coreml. One that cannot start is replaced by the CPU, with a notice.
    #[arg(long, short, global = true, default_value_t, value_parser = provider)]
    pub provider: Provider,
    /// Threads per operator; all cores by default.
    #[arg(long, short, global = true)]
    pub threads: Option<NonZeroUsize>,
}

// `str::parse` would do, but clap prints the whole error; this keeps usage errors to one line.
fn provider(name: &str) -> Result<Provider, String> {
    name.parse().map_err(|_| "expected auto, cpu, qnn or coreml".to_owned())
}

impl ModelArguments {
    /// Opens the bundle; graphs are loaded when first used.
    pub fn open(&self) -> mm_core::Result<Model> {
        let session =
            SessionOptions { provider: self.provider, threads: self.threads, ..SessionOptions::default() };
        Model::from_pretrained(&self.model, &ModelOptions { session, ..ModelOptions::default() })
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say in a sentence what each picture shows: files, folders, or `-` for standard input.
    Caption(CaptionArguments),
    /// Answer a question about a picture, or a file full of questions.
    Ask(AskArguments),
    /// Turn pictures or texts into vectors that lie close together where they mean the same.
    Embed(EmbedArguments),
    /// Read the text in pictures: files, folders, or `-` for standard input.
    Ocr(OcrArguments),
    /// Say what a camera or a recording shows while it runs: captions of every new scene and the text in view.
    Live(LiveArguments),
    /// Make folders of photos searchable; photos stay where they are and are only read.
    Index(IndexArguments),
    /// Find indexed photos by words, by text in them, by date, or by another picture.
    Search(SearchArguments),
    /// Measure speed and memory on this machine.
    Bench(BenchArguments),
    /// List, describe and verify model bundles.
    Model {
        #[command(subcommand)]
        action: ModelAction,
    },
    /// Write shell completions and man pages to a folder.
    #[command(hide = true)]
    Generate {
        /// Folder to fill; created if missing.
        #[arg(long, value_hint = ValueHint::DirPath)]
        dir: PathBuf,
    },
}

/// Options of `mm caption`.
#[derive(Debug, Args)]
pub struct CaptionArguments {
    /// Pictures (JPEG, PNG, WebP, GIF, BMP, TIFF, HEIC), folders of pictures, or `-`.
    #[arg(required = true, value_hint = ValueHint::AnyPath)]
    pub images: Vec<PathBuf>,
    /// One JSON object per picture instead of a sentence.
    #[arg(long)]
    pub json: bool,
    /// Sentences weighed against each other, 1 (fastest) to 16; the bundle's own setting by default.
    #[arg(long, value_name = "N", value_parser = beams)]
    pub beams: Option<usize>,
}

fn beams(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|n| (1..=MAX_BEAMS).contains(n))
        .ok_or_else(|| format!("expected a whole number from 1 to {MAX_BEAMS}"))
}

/// Options of `mm ask`.
#[derive(Debug, Args)]
pub struct AskArguments {
    /// A picture, or `-` for standard input.
    #[arg(required_unless_present = "batch", conflicts_with = "batch", value_hint = ValueHint::FilePath)]
    pub image: Option<PathBuf>,
    /// What to ask, for example "what is the man doing?".
    #[arg(required_unless_present = "batch")]
    pub question: Option<String>,
    /// Questions about many pictures: a file with one JSON object `{"image": PATH, "question": TEXT}` per line, or `-`.
    /// Paths are taken from the current folder.
    #[arg(long, value_name = "FILE.jsonl", value_hint = ValueHint::FilePath)]
    pub batch: Option<PathBuf>,
    /// One JSON object per question instead of a sentence.
    #[arg(long)]
    pub json: bool,
    /// Say "not sure" when the confidence is below this, 0 to 1; the bundle's own setting by default.
    #[arg(long, value_name = "CONFIDENCE", value_parser = confidence)]
    pub unsure_below: Option<f32>,
}

/// Options of `mm embed`.
#[derive(Debug, Args)]
pub struct EmbedArguments {
    /// Pictures, folders of pictures, or `-`.
    #[arg(required_unless_present = "text", conflicts_with = "text", value_hint = ValueHint::AnyPath)]
    pub images: Vec<PathBuf>,
    /// Texts instead of pictures.
    #[arg(long, value_name = "TEXT", num_args = 1..)]
    pub text: Vec<String>,
    /// One JSON object per picture or text. Without it the cosine of every pair is shown.
    #[arg(long)]
    pub json: bool,
}

/// Options of `mm ocr`.
#[derive(Debug, Args)]
pub struct OcrArguments {
    /// Pictures (JPEG, PNG, WebP, GIF, BMP, TIFF, HEIC), folders of pictures, or `-`.
    #[arg(required = true, value_hint = ValueHint::AnyPath)]
    pub images: Vec<PathBuf>,
    /// One JSON object per picture instead of plain text.
    #[arg(long)]
    pub json: bool,
    /// Write a copy of the picture with boxes and words drawn on it (a single picture only).
    #[arg(long, value_name = "OUT.png", value_hint = ValueHint::FilePath)]
    pub overlay: Option<PathBuf>,
    /// Each picture is one upright line of text already cut out: skip detection.
    #[arg(long)]
    pub crop: bool,
    /// Longest side of the detector's input in pixels. Larger finds
    /// smaller text and takes longer.
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(64..=4096))]
    pub max_side: Option<u32>,
    /// Drop lines whose confidence is below this, 0 to 1.
    #[arg(long, value_name = "CONFIDENCE", value_parser = confidence)]
    pub min_confidence: Option<f32>,
}

fn confidence(text: &str) -> Result<f32, String> {
    text.parse()
        .ok()
        .filter(|v| (0.0..=1.0).contains(v))
        .ok_or_else(|| "expected a number from 0 to 1".to_owned())
}

/// Options of `mm live`.
#[derive(Debug, Args)]
pub struct LiveArguments {
    /// What to watch: `camera:N`, `camera:NAME`, or `replay:PATH` with a folder of pictures, a .y4m video or a
    /// Motion-JPEG stream.
    #[arg(long, value_name = "SOURCE", value_parser = source, required_unless_present = "list_cameras")]
    pub source: Option<SourceSpec>,
    /// Name the cameras of this machine and end.
    #[arg(long, conflicts_with = "source")]
    pub list_cameras: bool,
    /// End after this many frames.
    #[arg(long, value_name = "N")]
    pub frames: Option<NonZeroU64>,
    /// One JSON object per event instead of text.
    #[arg(long)]
    pub json: bool,
    /// How fast a recording is replayed.
    #[arg(long, value_enum, default_value_t = LivePace::Real)]
    pub pace: LivePace,
    /// Frames per second to replay at, or to ask the camera for. A folder replayed at a rate shows each picture for one
    /// frame; without one, for three seconds.
    #[arg(long, value_name = "FPS", value_parser = frame_rate)]
    pub fps: Option<f64>,
    /// Start the recording again at its end.
    #[arg(long)]
    pub repeat: bool,
    /// Size to ask the camera for, such as 1280x720; the nearest it has is used.
    #[arg(long, value_name = "WIDTHxHEIGHT", value_parser = size)]
    pub size: Option<(u32, u32)>,
    /// Only one of the two results.
    #[arg(long, value_enum, value_name = "RESULT")]
    pub only: Option<LiveResult>,
}

/// How fast `mm live` replays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LivePace {
    /// As a camera would: frames that come while another is analysed are left out.
    Real,
    /// Every frame is analysed, the next as soon as the last one is done.
    Fast,
}

/// What `mm live` can be limited to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LiveResult {
    /// What the scenes show.
    Captions,
    /// The words in view.
    Text,
}

// As for providers: clap would print the whole error.
fn source(text: &str) -> Result<SourceSpec, String> {
    text.parse().map_err(|_| "expected camera:NUMBER, camera:NAME or replay:PATH".to_owned())
}

fn frame_rate(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|v| *v > 0.0 && *v <= 1000.0)
        .ok_or_else(|| "expected a number over 0, at most 1000".to_owned())
}

fn size(text: &str) -> Result<(u32, u32), String> {
    text.split_once(['x', 'X'])
        .and_then(|(width, height)| Some((width.trim().parse().ok()?, height.trim().parse().ok()?)))
        .filter(|(width, height)| (1..=16_384).contains(width) && (1..=16_384).contains(height))
        .ok_or_else(|| "expected WIDTHxHEIGHT, such as 1280x720".to_owned())
}

/// Options of `mm index`.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct IndexArguments {
    /// Folders of photos, with everything in them; those of the library that are known already if none is named.
    #[arg(value_hint = ValueHint::DirPath, conflicts_with_all = ["list", "forget", "delete"])]
    pub folders: Vec<PathBuf>,
    /// The library's database; the app's own by default.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub db: Option<PathBuf>,
    /// Go on and index what changes in the folders, until Ctrl-C.
    #[arg(long, conflicts_with_all = ["list", "forget", "delete"])]
    pub watch: bool,
    /// Do not slow down on battery or when the device gets warm.
    #[arg(long)]
    pub full_speed: bool,
    /// One JSON object per failure and per result instead of text.
    #[arg(long)]
    pub json: bool,
    /// Name the folders of the library.
    #[arg(long)]
    pub list: bool,
    /// Forget a folder; its photos stay where they are.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "list")]
    pub forget: Option<PathBuf>,
    /// Delete the index; photos stay where they are.
    #[arg(long, conflicts_with_all = ["list", "forget"])]
    pub delete: bool,
}

/// Options of `mm search`.
#[derive(Debug, Args)]
pub struct SearchArguments {
    /// What to look for: "dogs on the beach last summer", "parking sign -car", "2024". All of it is plain text; put it
    /// after `--` if it begins with a hyphen.
    #[arg(required_unless_present = "image")]
    pub query: Vec<String>,
    /// Find photos similar to this picture; words may be given as well.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub image: Option<PathBuf>,
    /// Photos to show at most.
    #[arg(short = 'k', long, value_name = "N", default_value = "10")]
    pub count: NonZeroUsize,
    /// Photos to leave out before them.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub offset: usize,
    /// The library's database; the app's own by default.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub db: Option<PathBuf>,
    /// One JSON object per photo instead of a line.
    #[arg(long)]
    pub json: bool,
}

/// Options of `mm bench`.
#[derive(Debug, Args)]
pub struct BenchArguments {
    /// Pictures to measure on; drawn test pages if none are given.
    #[arg(value_hint = ValueHint::FilePath)]
    pub images: Vec<PathBuf>,
    /// Measure live captions instead: a source at 60 frames per second, 640 x 480 unless `--source` names another.
    #[arg(long, conflicts_with_all = ["images", "iterations"])]
    pub live: bool,
    /// What to watch with `--live`: `replay:PATH`, in an endless loop, or `camera:N`.
    #[arg(long, value_name = "SOURCE", value_parser = source, requires = "live")]
    pub source: Option<SourceSpec>,
    /// How long to measure with `--live`, after the first results.
    #[arg(long, value_name = "SECONDS", default_value = "10", requires = "live")]
    pub seconds: NonZeroU64,
    /// One JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
    /// Measure one task only, so that memory and cold start are its own.
    #[arg(long, value_enum, value_name = "TASK")]
    pub only: Option<BenchTask>,
    /// Timed runs per picture, after one that is not counted.
    #[arg(long, short, default_value = "10")]
    pub iterations: NonZeroUsize,
}

/// What `mm bench` can measure alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BenchTask {
    /// Reading text.
    Ocr,
    /// Captions, answers and embeddings.
    Language,
}

/// What to do with bundles.
#[derive(Debug, Subcommand)]
pub enum ModelAction {
    /// Every bundle that can be found.
    List {
        /// One JSON object per bundle.
        #[arg(long)]
        json: bool,
    },
    /// What a bundle holds.
    Info {
        /// Name or path; the `--model` option if omitted.
        bundle: Option<String>,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Check size and SHA-256 of every file.
    Verify {
        /// Name or path; the `--model` option if omitted.
        bundle: Option<String>,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
}
