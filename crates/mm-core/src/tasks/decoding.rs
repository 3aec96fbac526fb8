//! Beam search over a decoder with a cache; greedy decoding is the search with one beam.
//!
//! Scores are sums of natural-log probabilities over the tokens that may be said, divided by `length ^ alpha` (Wu et
//! al., *Google's Neural Machine Translation System*, 2016, equation 14 without its offset), as in the lab's
//! `generate.py`. Finished texts stay in the beam and compete with what is still growing.

use ndarray::{Array2, ArrayView1};

use super::CancelToken;
use crate::{
    error::{Error, Result},
    runtime::{DecoderNetwork, PictureTensors},
    text::Token,
};

/// What to search for.
#[derive(Debug, Clone)]
pub struct Search<'a> {
    /// Tokens given; the search continues them. At least one.
    pub prefix: &'a [Token],
    /// Most tokens to add, the end token included.
    pub max_tokens: usize,
    /// Texts kept at each step; 1 is greedy decoding.
    pub beams: usize,
    /// See the module's text; 0 compares plain sums.
    pub length_alpha: f32,
    /// No run of so many tokens is said twice; 0 allows it.
    pub no_repeat_ngram: usize,
    /// If given, no word echoes the one before.
    pub echoes: Option<&'a Echoes>,
    /// The end token may not come before so many words.
    pub min_words: usize,
    /// The token that ends a text.
    pub end: Token,
    /// Tokens never said.
    pub forbidden: &'a [Token],
    /// After so many words only the end token may come.
    pub max_words: usize,
    /// If given, the first token is one of these.
    pub first: Option<&'a [Token]>,
    /// Whether to stop once the best text is known, with the others unfinished.
    pub best_only: bool,
    /// Looked at before every step.
    pub cancel: Option<&'a CancelToken>,
}

/// What an echo may hide behind: neither "ball ball" nor "red and red" nor "a lamp and a lamp" is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Echoes {
    /// Words that join two others ("and", "with").
    pub joiners: Vec<Token>,
    /// Words that may follow a joiner ("a", "the").
    pub articles: Vec<Token>,
}

impl Echoes {
    /// The words that would be an echo after `tokens`.
    fn after(&self, tokens: &[Token]) -> [Option<Token>; 2] {
        let phrase = match tokens {
            [rest @ .., last] if self.articles.contains(last) => rest,
            _ => tokens,
        };
        let joined = match phrase {
            [.., before, joiner] if self.joiners.contains(joiner) => Some(*before),
            _ => None,
        };
        [tokens.last().copied(), joined]
    }
}

/// A text found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hypothesis {
    /// Tokens after the prefix, without the end token.
    pub tokens: Vec<Token>,
    /// Natural-log probability of each token over the whole vocabulary; that of the end token last, if it was said.
    pub log_probabilities: Vec<f32>,
    /// Whether the end token was said; if not, the text was cut at the limit.
    pub ended: bool,
    /// What the search compared: log-probabilities over the tokens allowed, divided by `length ^ alpha`.
    pub score: f32,
}

impl Hypothesis {
    /// Probability of exactly this text, (0, 1].
    #[must_use]
    pub fn probability(&self) -> f32 {
        self.log_probabilities.iter().sum::<f32>().exp().min(1.0)
    }
}

/// A text in the beam.
#[derive(Debug, Clone)]
struct Beam {
    tokens: Vec<Token>,
    log_probabilities: Vec<f32>,
    /// Sum of the log-probabilities over the tokens allowed.
    total: f32,
    ended: bool,
}

impl Beam {
    fn score(&self, alpha: f32) -> f32 {
        normalised(self.total, self.log_probabilities.len(), alpha)
    }
}

fn normalised(total: f32, length: usize, alpha: f32) -> f32 {
    total / (length.max(1) as f32).powf(alpha)
}

/// A way to go on from one of the beams.
struct Candidate {
    score: f32,
    from: usize,
    /// The token to add with its gain and its log-probability; none for a text that has ended.
    token: Option<(Token, f32, f32)>,
}

/// Searches for texts about `picture`; the best come first, at most [`Search::beams`].
///
/// Fails with `task.cancelled`, or `runtime.inference_failed` if the network fails or gives no numbers.
pub fn search<D: DecoderNetwork>(
    decoder: &mut D,
    picture: PictureTensors<'_>,
    settings: &Search<'_>,
) -> Result<Vec<Hypothesis>> {
    let mut beams =
        vec![Beam { tokens: Vec::new(), log_probabilities: Vec::new(), total: 0.0, ended: false }];
    let mut cache = decoder.start(1)?;
    let mut input = rows(&[settings.prefix.to_vec()]);
    for step in 0..settings.max_tokens {
        if let Some(cancel) = settings.cancel {
            cancel.check()?;
        }
        let (logits, grown) = decoder.step(input.view(), cache, picture)?;
        let growing: Vec<usize> = (0..beams.len()).filter(|&i| !beams[i].ended).collect();
        let candidates = candidates(&beams, &growing, &logits, settings)?;
        let next: Vec<Beam> = candidates.iter().map(|c| extended(&beams[c.from], c, settings.end)).collect();
        let parents: Vec<usize> = candidates
            .iter()
            .zip(&next)
            .filter(|(_, beam)| !beam.ended)
            .filter_map(|(c, _)| growing.iter().position(|&g| g == c.from))
            .collect();
        beams = next;
        let decided = settings.best_only && decided(&beams, settings);
        if parents.is_empty() || step + 1 == settings.max_tokens || decided {
            break;
        }
        let unchanged = parents.len() == growing.len() && parents.iter().enumerate().all(|(i, &p)| i == p);
        cache = if unchanged { grown } else { decoder.select(grown, &parents)? };
        let last: Vec<Vec<Token>> = beams
            .iter()
            .filter(|beam| !beam.ended)
            .map(|beam| beam.tokens.last().copied().into_iter().collect())
            .collect();
        input = rows(&last);
    }
    let hypothesis = |beam: Beam| Hypothesis {
        score: beam.score(settings.length_alpha),
        tokens: beam.tokens,
        log_probabilities: beam.log_probabilities,
        ended: beam.ended,
    };
    Ok(beams.into_iter().map(hypothesis).collect())
}

/// The best ways to go on, best first.
fn candidates(
    beams: &[Beam],
    growing: &[usize],
    logits: &Array2<f32>,
    settings: &Search<'_>,
) -> Result<Vec<Candidate>> {
    if logits.nrows() != growing.len() {
        return Err(failed(format!("it gave {} rows of logits for {} texts", logits.nrows(), growing.len())));
    }
    let alpha = settings.length_alpha;
    let ended = beams.iter().enumerate().filter(|(_, beam)| beam.ended);
    let mut all: Vec<Candidate> =
        ended.map(|(from, beam)| Candidate { score: beam.score(alpha), from, token: None }).collect();
    for (&from, row) in growing.iter().zip(logits.rows()) {
        let beam = &beams[from];
        let (over_all, over_allowed) = normalisers(&row, settings.forbidden)?;
        let length = beam.log_probabilities.len() + 1;
        for (token, logit) in best_tokens(&row, beam, settings) {
            let gain = logit - over_allowed;
            let score = normalised(beam.total + gain, length, alpha);
            all.push(Candidate { score, from, token: Some((token, gain, logit - over_all)) });
        }
    }
    all.sort_by(|a, b| b.score.total_cmp(&a.score));
    all.truncate(settings.beams.max(1));
    if all.is_empty() {
        return Err(failed("no token may be said".to_owned()));
    }
    Ok(all)
}

/// Logarithms of the softmax denominators over the whole row, and over all but the forbidden tokens.
fn normalisers(row: &ArrayView1<'_, f32>, forbidden: &[Token]) -> Result<(f32, f32)> {
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if !row.iter().all(|v| v.is_finite()) {
        return Err(failed("its logits are not finite".to_owned()));
    }
    let sum: f32 = row.iter().map(|v| (v - largest).exp()).sum();
    let share = |&token: &Token| row.get(token as usize).map_or(0.0, |v| (v - largest).exp());
    // A network sure of a forbidden token leaves nothing to the others; keep the logarithm finite.
    let allowed = (sum - forbidden.iter().map(share).sum::<f32>()).max(f32::MIN_POSITIVE);
    Ok((largest + sum.ln(), largest + allowed.ln()))
}

/// The allowed tokens with the largest logits, at most as many as there are beams.
fn best_tokens(row: &ArrayView1<'_, f32>, beam: &Beam, settings: &Search<'_>) -> Vec<(Token, f32)> {
    let repeated = repeating(&beam.tokens, settings.no_repeat_ngram);
    let echoes = settings.echoes.map_or([None; 2], |rule| rule.after(&beam.tokens));
    let first = settings.first.filter(|_| beam.tokens.is_empty());
    let allowed = |token: Token| {
        let length = beam.tokens.len();
        !settings.forbidden.contains(&token)
            && !repeated.contains(&token)
            && !echoes.contains(&Some(token))
            && if token == settings.end { length >= settings.min_words } else { length < settings.max_words }
            && first.is_none_or(|list| list.contains(&token))
    };
    let keep = settings.beams.max(1);
    let mut best: Vec<(Token, f32)> = Vec::with_capacity(keep + 1);
    for (token, &logit) in (0..).zip(row) {
        let worse = best.len() == keep && best.last().is_some_and(|&(_, least)| logit <= least);
        if !worse && allowed(token) {
            let at = best.partition_point(|&(_, other)| other >= logit);
            best.insert(at, (token, logit));
            best.truncate(keep);
        }
    }
    best
}

/// Tokens that would say a run of `n` tokens a second time.
fn repeating(tokens: &[Token], n: usize) -> Vec<Token> {
    if n == 0 || tokens.len() < n {
        return Vec::new();
    }
    let tail = &tokens[tokens.len() + 1 - n..];
    tokens.windows(n).filter(|run| run[..n - 1] == *tail).map(|run| run[n - 1]).collect()
}

fn extended(beam: &Beam, candidate: &Candidate, end: Token) -> Beam {
    let mut beam = beam.clone();
    if let Some((token, gain, log_probability)) = candidate.token {
        beam.total += gain;
        beam.log_probabilities.push(log_probability);
        if token == end {
            beam.ended = true;
        } else {
            beam.tokens.push(token);
        }
    }
    beam
}

/// Whether the best text has ended and none that grows can still beat it: sums only fall, and the longest text is
/// divided by the most.
fn decided(beams: &[Beam], settings: &Search<'_>) -> bool {
    let alpha = settings.length_alpha;
    let Some(best) = beams.first().filter(|beam| beam.ended).map(|beam| beam.score(alpha)) else {
        return false;
    };
    beams
        .iter()
        .filter(|beam| !beam.ended)
        .all(|beam| normalised(beam.total, settings.max_tokens, alpha) <= best)
}

fn rows(rows: &[Vec<Token>]) -> Array2<i64> {
    let columns = rows.first().map_or(0, Vec::len);
    Array2::from_shape_fn((rows.len(), columns), |(r, c)| rows[r].get(c).map_or(0, |&t| i64::from(t)))
}

fn failed(detail: String) -> Error {
    Error::RuntimeInferenceFailed { model: "decoder".to_owned(), detail }
}

#[cfg(test)]
mod tests;
