//! Taking a query apart: when, what not, and what.
//!
//! Everything is plain text. A few English words at their places mean more ("last summer", "without dogs", a hyphen in
//! front of a word); between double quotes they do not.

use jiff::civil::Date;

use super::{Understood, dates};

/// Longer queries are cut: nobody types them, and what is pasted has said enough by then.
const MAX_CHARACTERS: usize = 1_000;

/// Words that say "what is meant are photos", as every hit is.
const PHOTOS: [&str; 8] = ["photo", "photos", "picture", "pictures", "image", "images", "pic", "pics"];
const AFTER_PHOTOS: [&str; 6] = ["of", "showing", "with", "from", "in", "taken"];
/// What is not wanted ends at such a word.
const BOUNDARIES: [&str; 17] = [
    "with", "in", "on", "at", "by", "near", "under", "behind", "but", "from", "for", "during", "while", "of",
    "to", "without", "no",
];
const ARTICLES: [&str; 6] = ["a", "an", "the", "any", "some", "my"];

/// A word between white space, without the punctuation around it.
#[derive(Debug, Clone)]
struct Word {
    text: String,
    /// In lower case; empty if quoted, so that it means nothing but itself.
    key: String,
    /// A hyphen stands in front.
    minus: bool,
    /// A comma or the like stands behind.
    ends: bool,
}

/// What `text` asks for. `dates` false: words that say when are words like any other.
pub(super) fn understand(text: &str, today: Date, dates: bool) -> Understood {
    let mut words = read(text);
    let when = if dates { take_date(&mut words, today) } else { None };
    let without = take_negatives(&mut words);
    drop_photos(&mut words);
    let words = words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    Understood { words, without, when }
}

/// Whether the date is nothing but a number, which may as well be one in a picture.
pub(super) fn is_bare_number(understood: &Understood) -> bool {
    understood.when.as_ref().is_some_and(|(_, _, label)| label.chars().all(|c| c.is_ascii_digit()))
}

fn read(text: &str) -> Vec<Word> {
    let text: String = text.chars().take(MAX_CHARACTERS).collect();
    let mut quoted = false;
    let mut words = Vec::new();
    for piece in text.split_whitespace() {
        let is_quote = |c: char| matches!(c, '"' | '“' | '”' | '„' | '«' | '»');
        let opens = piece.trim_start_matches('-').starts_with(is_quote);
        let marks = piece.chars().filter(|c| is_quote(*c)).count();
        let literal = quoted || (opens && marks > 0);
        quoted ^= marks % 2 == 1;
        let start = piece.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '-' && c != '–');
        let bare = piece.trim_matches(|c: char| !c.is_alphanumeric());
        let joint = matches!(start, "-" | "–");
        if bare.is_empty() && !joint {
            continue;
        }
        let minus = start.starts_with('-') && !joint;
        words.push(Word {
            text: if joint { start } else { bare }.to_owned(),
            key: if literal {
                String::new()
            } else if joint {
                start.to_owned()
            } else {
                bare.to_lowercase()
            },
            minus: minus && !quoted_before(literal, opens),
            ends: piece.ends_with([',', ';', '.', '!', '?', ':']),
        });
    }
    words
}

/// A hyphen inside quotes is a hyphen; in front of the first quote it is not.
fn quoted_before(literal: bool, opens: bool) -> bool {
    literal && !opens
}

fn take_date(words: &mut Vec<Word>, today: Date) -> Option<(Date, Date, String)> {
    let keys: Vec<&str> = words.iter().map(|word| if word.minus { "" } else { word.key.as_str() }).collect();
    let found = (0..keys.len()).find_map(|at| {
        let before = at.checked_sub(1).map(|i| keys[i]);
        dates::period(&keys[at..], before, today).map(|(used, period)| (at, used, period))
    });
    let (at, used, (from, to)) = found?;
    let start = (0..at).rev().take_while(|i| dates::BEFORE.contains(&keys[*i])).last().unwrap_or(at);
    let label = words[at..at + used].iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    words.drain(start..at + used);
    Some((from, to, label))
}

fn take_negatives(words: &mut Vec<Word>) -> Vec<String> {
    let mut without: Vec<String> = Vec::new();
    let mut kept = Vec::new();
    let mut rest = words.drain(..).peekable();
    while let Some(word) = rest.next() {
        if word.minus {
            without.push(word.text);
            continue;
        }
        if !matches!(word.key.as_str(), "without" | "no") || word.ends || rest.peek().is_none() {
            kept.push(word);
            continue;
        }
        let mut phrase: Vec<String> = Vec::new();
        while let Some(next) = rest.next_if(|next| !next.minus && !BOUNDARIES.contains(&next.key.as_str())) {
            match next.key.as_str() {
                "and" | "or" | "nor" if !phrase.is_empty() => {
                    without.push(std::mem::take(&mut phrase).join(" "));
                }
                article if phrase.is_empty() && ARTICLES.contains(&article) => {}
                _ => phrase.push(next.text),
            }
            if next.ends {
                break;
            }
        }
        if !phrase.is_empty() {
            without.push(phrase.join(" "));
        }
    }
    drop(rest);
    *words = kept;
    without
}

/// "photos of dogs" are dogs; but a "picture frame" is one.
fn drop_photos(words: &mut Vec<Word>) {
    let key = |at: usize| words.get(at).map_or("", |word: &Word| word.key.as_str());
    let start = usize::from(ARTICLES.contains(&key(0)));
    if !PHOTOS.contains(&key(start)) {
        return;
    }
    if words.len() == start + 1 {
        words.clear();
    } else if AFTER_PHOTOS.contains(&key(start + 1)) {
        words.drain(..start + 2);
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn taken(text: &str) -> (String, Vec<String>, Option<String>) {
        let Understood { words, without, when } = understand(text, date(2026, 11, 23), true);
        (words, without, when.map(|(_, _, label)| label))
    }

    #[test]
    fn queries_are_taken_apart_as_people_mean_them() {
        let cases: [(&str, &str, &[&str], Option<&str>); 24] = [
            ("dogs on the beach", "dogs on the beach", &[], None),
            ("dogs on the beach, last summer", "dogs on the beach", &[], Some("last summer")),
            ("Photos from the summer of 2021", "", &[], Some("summer of 2021")),
            ("2024", "", &[], Some("2024")),
            ("rome in June 2023 at night", "rome at night", &[], Some("June 2023")),
            ("birthday yesterday without cake", "birthday", &["cake"], Some("yesterday")),
            ("beach -dog", "beach", &["dog"], None),
            ("-dog", "", &["dog"], None),
            ("no dogs", "", &["dogs"], None),
            ("beach without dogs or people", "beach", &["dogs", "people"], None),
            ("man without a red hat on a bench", "man on a bench", &["red hat"], None),
            ("street with no cars, night", "street with night", &["cars"], None),
            ("\"no parking\"", "no parking", &[], None),
            ("\"last summer\" poster", "last summer poster", &[], None),
            ("t-shirt x-ray", "t-shirt x-ray", &[], None),
            ("a picture of a cat", "a cat", &[], None),
            ("picture frame", "picture frame", &[], None),
            ("photos", "", &[], None),
            ("no", "no", &[], None),
            ("without", "without", &[], None),
            ("2020 - 2022 snow", "snow", &[], Some("2020 - 2022")),
            ("cat; DROP TABLE contents; --", "cat DROP TABLE contents", &[], None),
            ("caption:dog NEAR(a b) *", "caption:dog NEAR(a b", &[], None),
            ("  \u{200b} \"\" '' ", "", &[], None),
        ];
        for (text, words, without, when) in cases {
            let without: Vec<String> = without.iter().map(|w| (*w).to_owned()).collect();
            assert_eq!(taken(text), (words.to_owned(), without, when.map(str::to_owned)), "{text}");
        }
    }

    #[test]
    fn a_number_can_be_taken_as_a_word() {
        let today = date(2026, 11, 23);
        assert!(is_bare_number(&understand("1984", today, true)));
        assert!(!is_bare_number(&understand("june 1984", today, true)));
        assert_eq!(understand("1984 cover", today, false).words, "1984 cover");
    }
}
