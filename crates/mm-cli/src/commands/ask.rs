//! `mm ask`: answers to questions about pictures.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use mm_core::{
    decode::Limits,
    model::Model,
    runtime::Provider,
    tasks::{
        answer::{Answer, AnswerOptions, QuestionKind},
        picture::Encoded,
    },
};
use serde::{Deserialize, Serialize};

use super::{LanguageMilliseconds, hedge};
use crate::{
    args::{AskArguments, ModelArguments},
    inputs,
    output::{CommandError, ErrorObject, Outcome, json_line, line, say, show_notices},
};

#[derive(Serialize)]
struct Success<'a> {
    image: &'a str,
    question: &'a str,
    /// "not sure" when it is not; the best answer is the guess then.
    answer: &'a str,
    confidence: f32,
    calibrated: bool,
    sure: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    guess: Option<&'a str>,
    kind: QuestionKind,
    alternatives: Vec<Alternative<'a>>,
    provider: &'a str,
    ms: LanguageMilliseconds,
}

#[derive(Serialize)]
struct Alternative<'a> {
    answer: &'a str,
    probability: f32,
}

#[derive(Serialize)]
struct Failure<'a> {
    image: &'a str,
    question: &'a str,
    error: ErrorObject,
}

/// A line of the batch file.
#[derive(Deserialize)]
struct Asked {
    image: PathBuf,
    question: String,
}

/// Longest line of a batch file; a longer one is no question.
const MAX_LINE: u64 = 1 << 20;

/// Answers one question, or every line of a batch file in order; one that fails is reported in its place.
pub fn run(options: &AskArguments, model: &ModelArguments) -> Result<Outcome, CommandError> {
    let questions = match (&options.batch, &options.image, &options.question) {
        (Some(file), ..) => batch(file)?,
        (None, Some(image), Some(question)) => {
            vec![Asked { image: image.clone(), question: question.clone() }]
        }
        _ => return Err(CommandError::Usage("name a picture and a question, or --batch".to_owned())),
    };
    let mut asker = Asker { options, provider: Provider::default(), last: None };
    let loaded = model.open().and_then(|model| model.load_language().map(|(_, provider)| (model, provider)));
    let (model, provider) = match loaded {
        Ok(loaded) => loaded,
        Err(error) => {
            for asked in questions.iter().filter(|_| options.json) {
                asker.failure(asked, &error)?;
            }
            return Err(error.into());
        }
    };
    show_notices(&model.notices());
    asker.provider = provider;
    let mut outcome = Outcome::AllGood;
    for asked in &questions {
        match asker.ask(&model, asked) {
            Ok((answer, decode)) => asker.success(asked, &answer, decode)?,
            Err(error) => {
                outcome = Outcome::SomeFailed;
                asker.failure(asked, &error)?;
            }
        }
    }
    Ok(outcome)
}

fn batch(path: &Path) -> Result<Vec<Asked>, CommandError> {
    let lines: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        let unreadable = |source| mm_core::Error::FileUnreadable { path: path.to_path_buf(), source };
        Box::new(BufReader::new(File::open(path).map_err(unreadable)?))
    };
    let mut lines = lines;
    let mut questions = Vec::new();
    for number in 1.. {
        let mut text = String::new();
        let wrong =
            |reason: String| CommandError::Usage(format!("{}, line {number}: {reason}", path.display()));
        let read = (&mut lines).take(MAX_LINE).read_line(&mut text).map_err(|e| wrong(e.to_string()))?;
        if read == 0 {
            break;
        }
        if text.trim().is_empty() {
            continue;
        }
        questions.push(
            serde_json::from_str(&text)
                .map_err(|e| wrong(format!("expected {{\"image\": PATH, \"question\": TEXT}} ({e})")))?,
        );
    }
    Ok(questions)
}

struct Asker<'a> {
    options: &'a AskArguments,
    provider: Provider,
    /// The picture asked about last: batches ask several questions about one.
    last: Option<(PathBuf, Encoded)>,
}

impl Asker<'_> {
    fn ask(&mut self, model: &Model, asked: &Asked) -> mm_core::Result<(Answer, Duration)> {
        model.check_question(&asked.question)?;
        let start = Instant::now();
        let known =
            self.last.as_ref().filter(|(path, _)| *path == asked.image).map(|(_, picture)| picture.clone());
        let (picture, decode) = if let Some(picture) = known {
            (picture, Duration::ZERO)
        } else {
            let image = inputs::load(&asked.image, &Limits::default())?;
            let decode = start.elapsed();
            let picture = model.encode(&image)?;
            self.last = Some((asked.image.clone(), picture.clone()));
            (picture, decode)
        };
        let options = AnswerOptions { unsure_below: self.options.unsure_below, cancel: None };
        Ok((model.answer_encoded(&picture, &asked.question, &options)?, decode))
    }

    fn success(&self, asked: &Asked, answer: &Answer, decode: Duration) -> Result<(), CommandError> {
        if self.options.json {
            return json_line(&Success {
                image: &asked.image.display().to_string(),
                question: &asked.question,
                answer: answer.spoken(),
                confidence: answer.confidence,
                calibrated: answer.calibrated,
                sure: answer.sure,
                guess: (!answer.sure).then_some(&*answer.text),
                kind: answer.kind,
                alternatives: answer
                    .alternatives
                    .iter()
                    .map(|(answer, probability)| Alternative { answer, probability: *probability })
                    .collect(),
                provider: self.provider.as_str(),
                ms: LanguageMilliseconds::new(decode, &answer.timings),
            });
        }
        if answer.sure {
            return line(&format!("{}{}", hedge(answer.confidence.max(0.25)), answer.text));
        }
        line(&format!("{} (a guess: {})", answer.spoken(), answer.text))
    }

    fn failure(&self, asked: &Asked, error: &mm_core::Error) -> Result<(), CommandError> {
        let image = &asked.image.display().to_string();
        if self.options.json {
            return json_line(&Failure { image, question: &asked.question, error: ErrorObject::from(error) });
        }
        say(&format!("{image}: error [{}]: {error}", error.code()));
        Ok(())
    }
}
