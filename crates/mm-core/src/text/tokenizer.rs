//! Word-level tokens, read from the bundle's `tokenizer.json`.

use std::collections::{HashMap, HashSet};

use regex::{Regex, RegexBuilder};
use serde::Deserialize;

use crate::{
    bundle::MAX_VOCABULARY,
    error::{Error, Result},
};

/// A token's number.
pub type Token = u32;

/// Tokens that are not words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Specials {
    /// Fills rows up.
    pub pad: Token,
    /// Starts a caption.
    pub caption: Token,
    /// Starts a question.
    pub answer: Token,
    /// Ends every text.
    pub end: Token,
    /// Stands between a question and its answer.
    pub separator: Token,
    /// Stands for a word that is not in the vocabulary.
    pub unknown: Token,
}

impl Specials {
    /// All of them.
    #[must_use]
    pub const fn all(&self) -> [Token; 6] {
        [self.pad, self.caption, self.answer, self.end, self.separator, self.unknown]
    }
}

/// `tokenizer.json` as written by the lab.
#[derive(Deserialize)]
struct Record {
    pattern: String,
    lowercase: bool,
    #[serde(default)]
    spellings: HashMap<String, String>,
    specials: Specials,
    words: Vec<String>,
}

/// Bounds on what is read; a real file stays far below them.
const MAX_PATTERN: usize = 256;
const MAX_SPELLINGS: usize = 4096;
const MAX_WORD: usize = 64;
/// Bytes a compiled pattern may take.
const MAX_AUTOMATON: usize = 1 << 20;

/// Splits text into words and turns words into numbers and back.
#[derive(Debug, Clone)]
pub struct Tokenizer {
    pattern: Regex,
    lowercase: bool,
    spellings: HashMap<String, String>,
    specials: Specials,
    words: Vec<String>,
    numbers: HashMap<String, Token>,
}

impl Tokenizer {
    /// Parses `tokenizer.json`.
    ///
    /// Fails with `runtime.model_invalid` if it is not of that form, too large or contradicts itself.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let invalid = |detail: String| Error::RuntimeModelInvalid { model: "tokenizer".to_owned(), detail };
        let record: Record = serde_json::from_slice(bytes).map_err(|e| invalid(e.to_string()))?;
        check(&record).map_err(invalid)?;
        let pattern = RegexBuilder::new(&record.pattern)
            .size_limit(MAX_AUTOMATON)
            .dfa_size_limit(MAX_AUTOMATON)
            .build()
            .map_err(|e| invalid(format!("its pattern is not a regular expression: {e}")))?;
        let numbers = record.words.iter().zip(0..).map(|(word, number)| (word.clone(), number)).collect();
        let Record { lowercase, spellings, specials, words, .. } = record;
        Ok(Self { pattern, lowercase, spellings, specials, words, numbers })
    }

    /// How many tokens there are, specials included.
    #[must_use]
    pub fn vocabulary(&self) -> usize {
        self.words.len()
    }

    /// The tokens that are not words.
    #[must_use]
    pub fn specials(&self) -> &Specials {
        &self.specials
    }

    /// Words of `text` in the vocabulary's spelling, known or not.
    #[must_use]
    pub fn split(&self, text: &str) -> Vec<String> {
        let lowered = if self.lowercase { text.to_lowercase() } else { text.to_owned() };
        self.pattern
            .find_iter(&lowered)
            .map(|found| found.as_str())
            // A pattern may match nothing at all, which is no word.
            .filter(|word| !word.is_empty())
            .map(|word| self.spellings.get(word).map_or(word, String::as_str).to_owned())
            .collect()
    }

    /// Numbers of at most `limit` words of `text`; unknown words become the unknown token.
    #[must_use]
    pub fn encode(&self, text: &str, limit: usize) -> Vec<Token> {
        let unknown = self.specials.unknown;
        self.split(text).iter().take(limit).map(|word| self.number(word).unwrap_or(unknown)).collect()
    }

    /// The number of a word, if the vocabulary has it.
    #[must_use]
    pub fn number(&self, word: &str) -> Option<Token> {
        self.numbers.get(word).copied().filter(|number| !self.specials.all().contains(number))
    }

    /// The word of a token; empty for specials and numbers beyond the vocabulary.
    #[must_use]
    pub fn word(&self, token: Token) -> &str {
        if self.specials.all().contains(&token) {
            return "";
        }
        self.words.get(token as usize).map_or("", String::as_str)
    }

    /// The text of `tokens`: words and spaces, `'s` attached, specials left out.
    #[must_use]
    pub fn decode(&self, tokens: &[Token]) -> String {
        let words: Vec<&str> =
            tokens.iter().map(|&token| self.word(token)).filter(|word| !word.is_empty()).collect();
        words.join(" ").replace(" 's", "'s")
    }
}

fn check(record: &Record) -> std::result::Result<(), String> {
    let within = record.pattern.len() <= MAX_PATTERN
        && record.spellings.len() <= MAX_SPELLINGS
        && record.words.len() <= MAX_VOCABULARY;
    if !within {
        return Err("it is larger than any this version reads".to_owned());
    }
    let mut seen = HashSet::new();
    for word in record.words.iter().chain(record.spellings.keys()).chain(record.spellings.values()) {
        if word.is_empty() || word.len() > MAX_WORD {
            return Err(format!("{word:?} is no word of 1 to {MAX_WORD} bytes"));
        }
    }
    if let Some(twice) = record.words.iter().find(|word| !seen.insert(word.as_str())) {
        return Err(format!("{twice:?} is listed twice"));
    }
    let specials = record.specials.all();
    if specials.iter().any(|&s| s as usize >= record.words.len()) {
        return Err("a special token lies outside the vocabulary".to_owned());
    }
    if specials.iter().collect::<HashSet<_>>().len() != specials.len() {
        return Err("two special tokens are the same".to_owned());
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    const SPECIALS: [&str; 6] = ["<pad>", "<caption>", "<answer>", "<end>", "<sep>", "<unk>"];

    /// A tokenizer of the lab's form with these words after the specials.
    pub(crate) fn tokenizer(words: &str) -> Tokenizer {
        Tokenizer::parse(&json(words)).unwrap()
    }

    fn json(words: &str) -> Vec<u8> {
        let words: Vec<&str> = SPECIALS.into_iter().chain(words.split_whitespace()).collect();
        serde_json::to_vec(&serde_json::json!({
            "pattern": "'s|[a-z0-9]+(?:-[a-z0-9]+)*", "lowercase": true,
            "spellings": {"colour": "color", "grey": "gray"},
            "specials": {"pad": 0, "caption": 1, "answer": 2, "end": 3, "separator": 4, "unknown": 5},
            "words": words,
        }))
        .unwrap()
    }

    #[test]
    fn text_is_split_spelled_and_numbered_as_in_the_lab() {
        let tokenizer = tokenizer("a the man 's color gray t-shirt");
        let text = "The man’s  GREY, T-shirt; man's colour!";
        assert_eq!(
            tokenizer.split(text),
            ["the", "man", "s", "gray", "t-shirt", "man", "'s", "color"],
            "a curly apostrophe is not the pattern's"
        );
        assert_eq!(tokenizer.encode("a zebra's man", 3), [6, 5, 9]);
        assert_eq!(tokenizer.decode(&[1, 7, 8, 9, 12, 3, 0, 999]), "the man's t-shirt");
        assert_eq!((tokenizer.number("<end>"), tokenizer.word(3)), (None, ""));
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let with = |change: fn(&mut serde_json::Value)| {
            let mut value: serde_json::Value = serde_json::from_slice(&json("a b")).unwrap();
            change(&mut value);
            Tokenizer::parse(&serde_json::to_vec(&value).unwrap())
        };
        assert!(with(|_| ()).is_ok());
        let broken: [fn(&mut serde_json::Value); 7] = [
            |v| v["words"][7] = "a".into(),
            |v| v["words"][7] = "".into(),
            |v| v["specials"]["end"] = 99.into(),
            |v| v["specials"]["end"] = 0.into(),
            |v| v["pattern"] = "(".into(),
            |v| v["pattern"] = "a{1000}{1000}{1000}".into(),
            |v| v["words"] = "a b".into(),
        ];
        for (number, change) in broken.into_iter().enumerate() {
            assert_eq!(with(change).unwrap_err().code(), "runtime.model_invalid", "{number}");
        }
        assert_eq!(Tokenizer::parse(b"{").unwrap_err().code(), "runtime.model_invalid");
    }

    proptest! {
        #[test]
        fn any_text_gives_tokens_of_the_vocabulary(text in "\\PC{0,200}", limit in 0usize..20) {
            let tokenizer = tokenizer("a the man 's color");
            let tokens = tokenizer.encode(&text, limit);
            prop_assert!(tokens.len() <= limit);
            prop_assert!(tokens.iter().all(|&t| (t as usize) < tokenizer.vocabulary()));
            // Known words survive the way there and back.
            let again = tokenizer.encode(&tokenizer.decode(&tokens), limit);
            let known: Vec<Token> = tokens.into_iter().filter(|&t| t != 5).collect();
            prop_assert_eq!(again, known);
        }
    }
}
