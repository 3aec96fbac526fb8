//! `mm model`: which bundles there are, what they hold, whether they are whole.

use mm_core::bundle::{Bundle, FileEntry, SearchPath, find};
use serde::Serialize;

use crate::{
    args::{ModelAction, ModelArguments},
    output::{CommandError, ErrorObject, Outcome, json_line, line, say},
};

#[derive(Serialize)]
struct Listed {
    name: String,
    version: String,
    path: String,
    bytes: u64,
}

#[derive(Serialize)]
struct Information<'a> {
    #[serde(flatten)]
    listed: Listed,
    license: &'a str,
    description: &'a str,
    files: &'a [FileEntry],
    provenance: &'a serde_json::Value,
    metrics: &'a std::collections::BTreeMap<String, serde_json::Value>,
}

#[derive(Serialize)]
struct Verified<'a> {
    name: &'a str,
    path: String,
    bytes: u64,
    sound: bool,
}

#[derive(Serialize)]
struct Failed {
    bundle: String,
    error: ErrorObject,
}

/// Runs one of the actions.
pub fn run(action: &ModelAction, model: &ModelArguments) -> Result<Outcome, CommandError> {
    let open = |bundle: &Option<String>| {
        find(bundle.as_deref().unwrap_or(&model.model), &SearchPath::standard(None))
    };
    match action {
        ModelAction::List { json } => list(*json),
        ModelAction::Info { bundle, json } => info(&open(bundle)?, *json),
        ModelAction::Verify { bundle, json } => verify(&open(bundle)?, *json),
    }
}

fn listed(bundle: &Bundle) -> Listed {
    Listed {
        name: bundle.manifest().name.clone(),
        version: bundle.manifest().version.clone(),
        path: bundle.root().display().to_string(),
        bytes: bundle.total_bytes(),
    }
}

fn list(json: bool) -> Result<Outcome, CommandError> {
    let search = SearchPath::standard(None);
    let found = search.bundles();
    if found.is_empty() && !json {
        say("no bundles found; put one in a folder named `models` above the program, or set MM_MODELS");
    }
    let mut outcome = Outcome::AllGood;
    for path in found {
        match Bundle::open(&path) {
            Ok(bundle) if json => json_line(&listed(&bundle))?,
            Ok(bundle) => {
                let Listed { name, version, path, bytes } = listed(&bundle);
                line(&format!("{name} {version}  {:.1} MB  {path}", megabytes(bytes)))?;
            }
            Err(error) => {
                outcome = Outcome::SomeFailed;
                let bundle = path.display().to_string();
                if json {
                    json_line(&Failed { bundle, error: ErrorObject::from(&error) })?;
                } else {
                    say(&format!("{bundle}: error [{}]: {error}", error.code()));
                }
            }
        }
    }
    Ok(outcome)
}

fn info(bundle: &Bundle, json: bool) -> Result<Outcome, CommandError> {
    let manifest = bundle.manifest();
    if json {
        json_line(&Information {
            listed: listed(bundle),
            license: &manifest.license,
            description: &manifest.description,
            files: &manifest.files,
            provenance: &manifest.provenance,
            metrics: &manifest.metrics,
        })?;
        return Ok(Outcome::AllGood);
    }
    line(&format!("{} {}", manifest.name, manifest.version))?;
    line(&manifest.description)?;
    line(&format!("licence  {}", manifest.license))?;
    line(&format!("folder   {}", bundle.root().display()))?;
    line(&format!("size     {} bytes", bundle.total_bytes()))?;
    for file in &manifest.files {
        line(&format!("  {:>10}  {:<16} {}", file.bytes, file.role.as_str(), file.path))?;
    }
    for (name, value) in &manifest.metrics {
        line(&format!("metric   {name}: {value}"))?;
    }
    Ok(Outcome::AllGood)
}

fn verify(bundle: &Bundle, json: bool) -> Result<Outcome, CommandError> {
    bundle.verify()?;
    let (name, path, bytes) =
        (&bundle.manifest().name, bundle.root().display().to_string(), bundle.total_bytes());
    if json {
        json_line(&Verified { name, path, bytes, sound: true })?;
    } else {
        let files = bundle.manifest().files.len();
        line(&format!("{name}: {files} files, {bytes} bytes, every SHA-256 as stated ({path})"))?;
    }
    Ok(Outcome::AllGood)
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
