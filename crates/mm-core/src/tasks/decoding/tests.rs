//! The search on a network made of a table: no weights, no ONNX Runtime.

use ndarray::{Array4, ArrayView2};
use proptest::prelude::*;

use super::*;

const END: Token = 3;

/// The end of a row, and what follows it with which weight.
type After = (Vec<Token>, Vec<(Token, f32)>);
type AfterSlices<'a> = (&'a [Token], &'a [(Token, f32)]);

/// Logits after a row are the table's row for its last token, or for its last two where that is given; the memory is
/// the row itself, so that a wrongly selected row gives other words.
struct Table {
    vocabulary: usize,
    after: Vec<After>,
    steps: usize,
}

impl Table {
    fn new(vocabulary: usize, after: &[AfterSlices<'_>]) -> Self {
        let after = after.iter().map(|(row, next)| (row.to_vec(), next.to_vec())).collect();
        Self { vocabulary, after, steps: 0 }
    }

    fn logits(&self, row: &[Token]) -> Vec<f32> {
        let mut logits = vec![-20.0; self.vocabulary];
        let longest =
            self.after.iter().filter(|(tail, _)| row.ends_with(tail)).max_by_key(|(tail, _)| tail.len());
        for &(token, probability) in longest.map_or(&[][..], |(_, next)| next) {
            logits[token as usize] = probability.ln();
        }
        logits
    }
}

impl DecoderNetwork for Table {
    type Cache = Vec<Vec<Token>>;

    fn start(&mut self, rows: usize) -> Result<Self::Cache> {
        Ok(vec![Vec::new(); rows])
    }

    fn step(
        &mut self,
        tokens: ArrayView2<'_, i64>,
        mut cache: Self::Cache,
        _: PictureTensors<'_>,
    ) -> Result<(Array2<f32>, Self::Cache)> {
        self.steps += 1;
        assert_eq!(tokens.nrows(), cache.len());
        for (row, new) in cache.iter_mut().zip(tokens.rows()) {
            row.extend(new.iter().map(|&t| Token::try_from(t).unwrap()));
        }
        let rows: Vec<Vec<f32>> = cache.iter().map(|row| self.logits(row)).collect();
        Ok((Array2::from_shape_fn((rows.len(), self.vocabulary), |(r, c)| rows[r][c]), cache))
    }

    fn select(&mut self, cache: Self::Cache, rows: &[usize]) -> Result<Self::Cache> {
        Ok(rows.iter().map(|&row| cache[row].clone()).collect())
    }
}

const PREFIX: [Token; 1] = [1];
const FORBIDDEN: [Token; 5] = [0, 1, 2, 4, 5];

fn settings() -> Search<'static> {
    Search {
        prefix: &PREFIX,
        max_tokens: 8,
        beams: 1,
        length_alpha: 0.0,
        no_repeat_ngram: 0,
        echoes: None,
        min_words: 0,
        max_words: usize::MAX,
        end: END,
        forbidden: &FORBIDDEN,
        first: None,
        best_only: true,
        cancel: None,
    }
}

fn run(table: &mut Table, settings: &Search<'_>) -> Result<Vec<Hypothesis>> {
    let empty = Array4::zeros((1, 1, 0, 1));
    search(table, (&empty, &empty).into(), settings)
}

/// 6 looks better at first, but 7 leads to the more probable text.
fn garden_path() -> Table {
    Table::new(
        10,
        &[
            (&[1], &[(6, 0.6), (7, 0.4)]),
            (&[6], &[(8, 0.5), (9, 0.5)]),
            (&[7], &[(9, 1.0)]),
            (&[8], &[(END, 1.0)]),
            (&[9], &[(END, 1.0)]),
        ],
    )
}

#[test]
fn greedy_takes_the_best_word_and_a_beam_the_best_text() {
    let greedy = run(&mut garden_path(), &settings()).unwrap();
    assert_eq!((greedy.len(), &greedy[0].tokens[..], greedy[0].ended), (1, &[6, 8][..], true));
    let beam = run(&mut garden_path(), &Search { beams: 2, ..settings() }).unwrap();
    assert_eq!(beam[0].tokens, [7, 9]);
    assert!((beam[0].probability() - 0.4).abs() < 1e-4, "{}", beam[0].probability());
    assert_eq!(beam[0].log_probabilities.len(), 3, "the end token counts");
}

#[test]
fn the_length_penalty_prefers_the_longer_text() {
    let mut table = Table::new(
        10,
        &[
            (&[1], &[(6, 0.5), (7, 0.5)]),
            (&[6], &[(END, 0.5), (5, 0.5)]),
            (&[7], &[(8, 0.48), (5, 0.52)]),
            (&[8], &[(9, 1.0)]),
            (&[9], &[(END, 1.0)]),
        ],
    );
    // The probabilities of the forbidden token are shared out, so both texts are about equally probable.
    table.after[1].1 = vec![(END, 0.5), (9, 0.5)];
    table.after[2].1 = vec![(8, 0.48), (6, 0.52)];
    let short = run(&mut table, &Search { beams: 4, ..settings() }).unwrap();
    assert_eq!(short[0].tokens.len(), 1);
    let long = run(&mut table, &Search { beams: 4, length_alpha: 2.0, ..settings() }).unwrap();
    assert!(long[0].tokens.len() >= 3, "{:?}", long[0].tokens);
    let best = &long[0];
    let length = best.log_probabilities.len() as f32;
    assert!((best.score - best.log_probabilities.iter().sum::<f32>() / length.powi(2)).abs() < 1e-4);
}

#[test]
fn forbidden_words_are_never_said_and_leave_the_denominator_of_the_score_only() {
    let mut table = Table::new(10, &[(&[1], &[(5, 0.75), (6, 0.25)]), (&[6], &[(END, 1.0)])]);
    let found = run(&mut table, &settings()).unwrap();
    assert_eq!(found[0].tokens, [6]);
    assert!((found[0].probability() - 0.25).abs() < 1e-4, "over the whole vocabulary");
    assert!(found[0].score.abs() < 1e-3, "over the tokens allowed");
}

#[test]
fn first_words_and_the_number_of_words_can_be_limited() {
    let only = [7, 9];
    let mut wordy = Table::new(
        10,
        &[(&[1], &[(6, 0.6), (7, 0.4)]), (&[7], &[(END, 0.3), (8, 0.7)]), (&[9], &[(END, 1.0)])],
    );
    let limited =
        Search { beams: 2, first: Some(&only), max_words: 1, min_words: 1, best_only: false, ..settings() };
    let found = run(&mut wordy, &limited).unwrap();
    let texts: Vec<&[Token]> = found.iter().map(|h| &h.tokens[..]).collect();
    assert_eq!(texts, [&[7][..], &[9]]);
    assert!(found.iter().all(|h| h.ended));

    let mut silent = Table::new(10, &[(&[1], &[(END, 0.9), (6, 0.1)]), (&[6], &[(END, 1.0)])]);
    assert!(run(&mut silent, &settings()).unwrap()[0].tokens.is_empty());
    assert_eq!(run(&mut silent, &Search { min_words: 1, ..settings() }).unwrap()[0].tokens, [6]);
}

#[test]
fn runs_of_words_are_not_repeated() {
    let mut table =
        Table::new(10, &[(&[1], &[(6, 1.0)]), (&[6], &[(7, 1.0)]), (&[7], &[(6, 0.9), (END, 0.1)])]);
    let endless = run(&mut table, &settings()).unwrap();
    assert_eq!((endless[0].tokens.len(), endless[0].ended), (8, false));
    let found = run(&mut table, &Search { no_repeat_ngram: 2, ..settings() }).unwrap();
    assert_eq!(found[0].tokens, [6, 7, 6], "6 7 is not said again");
    assert_eq!(repeating(&[6, 7, 8, 6, 7], 3), [8]);
    assert_eq!(repeating(&[6, 7], 1), [6, 7]);
}

#[test]
fn a_word_is_not_joined_to_itself() {
    let (joiner, red) = (6, 7);
    let mut table = Table::new(
        10,
        &[
            (&[1], &[(red, 1.0)]),
            (&[red], &[(joiner, 0.8), (END, 0.2)]),
            (&[joiner], &[(red, 0.7), (8, 0.3)]),
            (&[8], &[(END, 1.0)]),
        ],
    );
    let echoing = run(&mut table, &Search { no_repeat_ngram: 3, ..settings() }).unwrap();
    assert_eq!(echoing[0].tokens[..3], [red, joiner, red]);
    let echoes = Echoes { joiners: vec![joiner], articles: vec![] };
    let found = run(&mut table, &Search { echoes: Some(&echoes), ..settings() }).unwrap();
    assert_eq!(found[0].tokens, [red, joiner, 8]);
}

#[test]
fn an_echo_is_known_behind_an_article_too() {
    let (and, a, lamp, other) = (6, 7, 8, 9);
    let echoes = Echoes { joiners: vec![and], articles: vec![a] };
    assert_eq!(echoes.after(&[]), [None; 2]);
    assert_eq!(echoes.after(&[a, lamp]), [Some(lamp), None]);
    assert_eq!(echoes.after(&[a, lamp, and]), [Some(and), Some(lamp)]);
    assert_eq!(echoes.after(&[a, lamp, and, a]), [Some(a), Some(lamp)]);
    assert_eq!(echoes.after(&[a, lamp, other, a]), [Some(a), None]);
    assert_eq!(echoes.after(&[and, a]), [Some(a), None]);
}

#[test]
fn a_decided_search_stops_early() {
    let lazy = Table::new(
        10,
        &[(&[1], &[(6, 0.9), (7, 0.1)]), (&[6], &[(END, 1.0)]), (&[7], &[(8, 1.0)]), (&[8], &[(7, 1.0)])],
    );
    let steps = |best_only| {
        let mut table = Table { after: lazy.after.clone(), steps: 0, vocabulary: lazy.vocabulary };
        let found = run(&mut table, &Search { beams: 2, best_only, ..settings() }).unwrap();
        assert_eq!(found[0].tokens, [6]);
        table.steps
    };
    assert_eq!((steps(true), steps(false)), (2, 8));
}

#[test]
fn a_cancelled_search_says_so_before_the_next_step() {
    let cancel = CancelToken::new();
    cancel.cancel();
    let mut table = garden_path();
    let error = run(&mut table, &Search { cancel: Some(&cancel), ..settings() }).unwrap_err();
    assert_eq!((error.code(), table.steps), ("task.cancelled", 0));
}

#[test]
fn a_network_that_gives_no_numbers_is_an_error() {
    let mut table = Table::new(10, &[(&[1], &[(6, f32::NAN)])]);
    assert_eq!(run(&mut table, &settings()).unwrap_err().code(), "runtime.inference_failed");
}

/// Every text up to the limit, by brute force.
fn best_by_enumeration(table: &Table, row: &[Token], total: f32, settings: &Search<'_>) -> (f32, Vec<Token>) {
    let said = row.len() - 1;
    let logits = table.logits(row);
    let sum: f32 = (0..).zip(&logits).filter(|(t, _)| !FORBIDDEN.contains(t)).map(|(_, l)| l.exp()).sum();
    (0..)
        .zip(&logits)
        .filter(|(token, _)| !FORBIDDEN.contains(token))
        .map(|(token, logit)| {
            let total = total + logit - sum.ln();
            let longer = [row, &[token]].concat();
            if token == END || said + 1 == settings.max_tokens {
                let score = normalised(total, said + 1, settings.length_alpha);
                (score, longer[1..].iter().copied().filter(|&t| t != END).collect())
            } else {
                best_by_enumeration(table, &longer, total, settings)
            }
        })
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .unwrap()
}

proptest! {
    /// With a beam as wide as there are texts nothing is lost, and stopping early changes nothing.
    #[test]
    fn a_wide_beam_finds_the_best_of_all_texts(
        weights in prop::collection::vec(0.01f32..1.0, 16), alpha in 0.0f32..1.5, best_only: bool,
    ) {
        let tokens = [1, 6, 7, 8];
        let after: Vec<After> = tokens
            .iter()
            .enumerate()
            .map(|(i, &t)| (vec![t], [END, 6, 7, 8].into_iter().zip(weights[4 * i..].iter().copied()).collect()))
            .collect();
        let mut table = Table { vocabulary: 9, after, steps: 0 };
        let settings = Search { beams: 300, max_tokens: 4, length_alpha: alpha, best_only, ..settings() };
        let found = run(&mut table, &settings).unwrap();
        let (score, text) = best_by_enumeration(&table, &[1], 0.0, &settings);
        prop_assert!((found[0].score - score).abs() < 1e-4);
        prop_assert!(found[0].tokens == text || (found.get(1).is_some_and(|h| (h.score - score).abs() < 1e-4)));
    }
}
