//! Questions as people type them, brought to the plain form the model was trained on: "Could you tell me what the
//! man's doing, please?" becomes "what is the man doing".
//!
//! The model knows questions of some kinds in few words. Tables below map contractions, filler and other words for
//! the same thing to those; what no table knows is left as it is.

use serde::{Deserialize, Serialize};

use super::Tokenizer;

/// What a question asks for. Decided from its words alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum QuestionKind {
    /// "is there a dog"
    #[serde(rename = "yes/no")]
    YesNo,
    /// "how many people are there"
    #[serde(rename = "count")]
    Count,
    /// "what color is the dog"
    #[serde(rename = "color")]
    Color,
    /// "where is the man"
    #[serde(rename = "place")]
    Place,
    /// "what is the man doing"
    #[serde(rename = "action")]
    Action,
    /// Everything else: "what is the man holding"
    #[serde(rename = "object")]
    Object,
}

/// First words that ask for yes or no.
const YES_NO: [&str; 13] =
    ["is", "are", "was", "were", "does", "do", "did", "can", "has", "have", "could", "will", "would"];

impl QuestionKind {
    /// The name used in results and in the bundle's confidence curves.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::YesNo => "yes/no",
            Self::Count => "count",
            Self::Color => "color",
            Self::Place => "place",
            Self::Action => "action",
            Self::Object => "object",
        }
    }

    /// The kind of a question given as [plain words](plain_question); the lab reports its figures by the same rules.
    #[must_use]
    pub fn of(words: &[String]) -> Self {
        let word = |i: usize| words.get(i).map_or("", String::as_str);
        let among_first_three = |name: &str| words.iter().take(3).any(|w| w == name);
        if YES_NO.contains(&word(0)) {
            Self::YesNo
        } else if matches!((word(0), word(1)), ("how", "many") | ("what", "number")) {
            Self::Count
        } else if among_first_three("color") || among_first_three("colors") {
            Self::Color
        } else if word(0) == "where" || among_first_three("room") || among_first_three("place") {
            Self::Place
        } else if matches!(words.last().map(String::as_str), Some("doing" | "playing"))
            || among_first_three("sport")
        {
            Self::Action
        } else {
            Self::Object
        }
    }
}

/// Contractions of closed classes of words. `'s` after any other word is a possessive ("the man's hat") and stays.
const CONTRACTIONS: [(&str, &str); 28] = [
    ("what's", "what is"),
    ("whats", "what is"),
    ("what're", "what are"),
    ("where's", "where is"),
    ("wheres", "where is"),
    ("who's", "who is"),
    ("how's", "how is"),
    ("when's", "when is"),
    ("that's", "that is"),
    ("there's", "there is"),
    ("here's", "here is"),
    ("it's", "it is"),
    ("he's", "he is"),
    ("she's", "she is"),
    ("they're", "they are"),
    ("someone's", "someone is"),
    ("anyone's", "anyone is"),
    ("everyone's", "everyone is"),
    ("isn't", "is"),
    ("aren't", "are"),
    ("wasn't", "was"),
    ("weren't", "were"),
    ("doesn't", "does"),
    ("don't", "do"),
    ("can't", "can"),
    ("cannot", "can"),
    ("i'm", "i am"),
    ("i'd", "i would"),
];

/// What may stand before the question itself. Those marked `true` turn the question round: "tell me what the man is
/// doing".
const BEFORE: [(&str, bool); 27] = [
    ("hey", false),
    ("hi", false),
    ("hello", false),
    ("please", false),
    ("ok", false),
    ("okay", false),
    ("so", false),
    ("and", false),
    ("well", false),
    ("now", false),
    ("can you please tell me", true),
    ("could you please tell me", true),
    ("can you tell me", true),
    ("could you tell me", true),
    ("would you tell me", true),
    ("can you say", true),
    ("can you describe", true),
    ("could you describe", true),
    ("please tell me", true),
    ("tell me", true),
    ("do you know", true),
    ("i would like to know", true),
    ("i want to know", true),
    ("i wonder", true),
    ("in this picture", false),
    ("in the picture", false),
    ("in this photo", false),
];

/// What may stand after it.
const AFTER: [&str; 5] = ["please", "thanks", "thank you", "exactly", "right now"];

/// Other ways to say what the model learned in one way; whole words, applied in order, once each.
const PHRASES: [(&str, &str); 19] = [
    ("in this picture", "in the picture"),
    ("in this photo", "in the photo"),
    ("in this image", "in the picture"),
    ("in the image", "in the picture"),
    ("in this scene", "in the picture"),
    ("in the scene", "in the picture"),
    ("is there anybody", "is there anyone"),
    ("what is the color of", "what color is"),
    ("what is the number of", "how many"),
    ("do you see any", "are there any"),
    ("can you see any", "are there any"),
    ("do you see", "can you see"),
    ("do we see", "can you see"),
    ("can i see", "can you see"),
    ("can we see", "can you see"),
    ("what type of", "what kind of"),
    ("what sort of", "what kind of"),
    ("what is it that", "what"),
    ("which", "what"),
];

/// Words for the same thing, used only where the vocabulary has the second and not the first.
const SYNONYMS: [(&str, &str); 32] = [
    ("image", "picture"),
    ("pic", "picture"),
    ("photograph", "photo"),
    ("persons", "people"),
    ("folks", "people"),
    ("anybody", "anyone"),
    ("somebody", "someone"),
    ("mum", "mother"),
    ("mom", "mother"),
    ("lad", "boy"),
    ("gentleman", "man"),
    ("automobile", "car"),
    ("lorry", "truck"),
    ("aeroplane", "airplane"),
    ("aircraft", "airplane"),
    ("motorbike", "motorcycle"),
    ("pushbike", "bicycle"),
    ("sofa", "couch"),
    ("settee", "couch"),
    ("pavement", "sidewalk"),
    ("trousers", "pants"),
    ("jumper", "sweater"),
    ("trainers", "sneakers"),
    ("fridge", "refrigerator"),
    ("tv", "television"),
    ("cooker", "stove"),
    ("puppy", "dog"),
    ("canine", "dog"),
    ("kitten", "cat"),
    ("feline", "cat"),
    ("tap", "faucet"),
    ("rubbish", "trash"),
];

const BE: [&str; 4] = ["is", "are", "was", "were"];
const DETERMINERS: [&str; 16] = [
    "the", "a", "an", "this", "that", "these", "those", "his", "her", "their", "my", "he", "she", "it",
    "they", "people",
];

/// The plain words of a question, in the vocabulary's spelling; empty if it has none. Unknown words stay.
#[must_use]
pub fn plain_question(text: &str, tokenizer: &Tokenizer) -> Vec<String> {
    let straight = text.to_lowercase().replace(['\u{2019}', '\u{2018}', '`'], "'");
    let expanded: Vec<&str> = straight
        .split_whitespace()
        .flat_map(|word| {
            let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
            let found = CONTRACTIONS.iter().find(|(short, _)| *short == bare);
            found.map_or(word, |(_, long)| *long).split(' ')
        })
        .collect();
    let mut words = tokenizer.split(&expanded.join(" "));
    let indirect = strip_filler(&mut words);
    if indirect {
        turn_round(&mut words);
    }
    for (from, to) in PHRASES {
        replace_phrase(&mut words, from, to);
    }
    count_plainly(&mut words);
    for word in &mut words {
        let better = SYNONYMS.iter().find(|(other, known)| {
            other == word && tokenizer.number(other).is_none() && tokenizer.number(known).is_some()
        });
        if let Some((_, known)) = better {
            *word = (*known).to_owned();
        }
    }
    words
}

/// Removes filler at both ends, unless nothing else is left; whether any of it turned the question round.
fn strip_filler(words: &mut Vec<String>) -> bool {
    let mut indirect = false;
    while let Some((phrase, turns)) = BEFORE.iter().find(|(phrase, _)| starts_with(words, phrase)) {
        let length = phrase.split(' ').count();
        if length >= words.len() {
            break;
        }
        words.drain(..length);
        indirect |= turns;
    }
    while let Some(phrase) = AFTER.iter().find(|phrase| ends_with(words, phrase)) {
        let length = phrase.split(' ').count();
        if length >= words.len() {
            break;
        }
        words.truncate(words.len() - length);
    }
    indirect
}

/// "what the man is doing" -> "what is the man doing"; "if there is a dog" -> "is there a dog".
fn turn_round(words: &mut Vec<String>) {
    let is =
        |words: &[String], i: usize, list: &[&str]| words.get(i).is_some_and(|w| list.contains(&w.as_str()));
    let front = if is(words, 0, &["if", "whether"]) {
        words.remove(0);
        0
    } else if is(words, 0, &["what", "where", "who", "how"]) {
        // "what color the dog is", "how many dogs there are".
        let known = [("color", 2), ("many", 3), ("kind", 4)];
        known.iter().find(|(word, _)| is(words, 1, &[*word])).map_or(1, |(_, length)| *length)
    } else {
        return;
    };
    let subject_first = front == 0 || is(words, front, &DETERMINERS) || is(words, front, &["there"]);
    if !subject_first {
        return;
    }
    if let Some(at) = (front + 1..words.len()).find(|&i| is(words, i, &BE)) {
        let verb = words.remove(at);
        words.insert(front, verb);
    }
}

/// "how many dogs are in the picture", "how many dogs can you see" -> "how many dogs are there".
fn count_plainly(words: &mut Vec<String>) {
    const ENDINGS: [&str; 8] = [
        "are in the picture",
        "are in the photo",
        "are there in the picture",
        "are there in the photo",
        "are visible",
        "can be seen",
        "can you see",
        "are shown",
    ];
    if !starts_with(words, "how many") {
        return;
    }
    if let Some(ending) = ENDINGS.iter().find(|ending| ends_with(words, ending)) {
        words.truncate(words.len() - ending.split(' ').count());
        words.extend(["are", "there"].map(str::to_owned));
    }
    // "how many dogs" alone.
    if words.len() == 3 && !BE.contains(&words[2].as_str()) {
        words.extend(["are", "there"].map(str::to_owned));
    }
}

fn starts_with(words: &[String], phrase: &str) -> bool {
    let parts: Vec<&str> = phrase.split(' ').collect();
    words.len() >= parts.len() && words.iter().zip(parts).all(|(word, part)| word == part)
}

fn ends_with(words: &[String], phrase: &str) -> bool {
    let length = phrase.split(' ').count();
    words.len() >= length && starts_with(&words[words.len() - length..], phrase)
}

fn replace_phrase(words: &mut Vec<String>, from: &str, to: &str) {
    if let Some(at) = (0..words.len()).find(|&i| starts_with(&words[i..], from)) {
        let end = at + from.split(' ').count();
        words.splice(at..end, to.split(' ').map(str::to_owned));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::tokenizer::tests::tokenizer, *};

    fn plain(text: &str) -> String {
        plain_question(text, &tokenizer("picture photo couch truck airplane people dog cat")).join(" ")
    }

    #[test]
    fn plain_questions_in_a_persons_words() {
        let cases = [
            ("what color is the dog", "what color is the dog"),
            ("What colour is the man's hat?", "what color is the man 's hat"),
            ("What’s the man doing?", "what is the man doing"),
            ("where's the cat??", "where is the cat"),
            ("How many people are in this picture?", "how many people are there"),
            ("how many dogs can you see?", "how many dogs are there"),
            ("How many dogs do you see?", "how many dogs are there"),
            ("How many dogs?", "how many dogs are there"),
            ("how many people are sitting", "how many people are sitting"),
            ("Can you tell me what the man is doing?", "what is the man doing"),
            ("Could you please tell me where the dog is?", "where is the dog"),
            ("tell me what color the dog is", "what color is the dog"),
            ("Do you know how many dogs there are?", "how many dogs are there"),
            ("Can you tell me if there is a dog in the photo?", "is there a dog in the photo"),
            ("I'd like to know whether the man is smiling", "is the man smiling"),
            ("Tell me what is on the table, please.", "what is on the table"),
            ("What is the color of the dog?", "what color is the dog"),
            ("Is there any water?", "is there any water"),
            ("Do you see a dog?", "can you see a dog"),
            ("Isn't it raining?", "is it raining"),
            ("Is there a sofa or a lorry?", "is there a couch or a truck"),
            ("Hi, what sport is being played?", "what sport is being played"),
            ("please", "please"),
            ("?!", ""),
        ];
        for (asked, expected) in cases {
            assert_eq!(plain(asked), expected, "{asked:?}");
        }
    }

    #[test]
    fn a_known_word_is_never_replaced() {
        let knows_both = tokenizer("sofa couch");
        assert_eq!(plain_question("sofa?", &knows_both), ["sofa"]);
        assert_eq!(plain_question("sofa?", &tokenizer("chair")), ["sofa"]);
    }

    #[test]
    fn kinds_follow_the_words() {
        let cases = [
            ("is there a dog", QuestionKind::YesNo),
            ("would he fall", QuestionKind::YesNo),
            ("what number is shown", QuestionKind::Count),
            ("how many men are there", QuestionKind::Count),
            ("what color is the dog", QuestionKind::Color),
            ("where is he", QuestionKind::Place),
            ("what room is this", QuestionKind::Place),
            ("what is he doing", QuestionKind::Action),
            ("what sport is being played", QuestionKind::Action),
            ("what is the woman holding", QuestionKind::Object),
            ("", QuestionKind::Object),
        ];
        for (asked, kind) in cases {
            let words: Vec<String> = asked.split_whitespace().map(str::to_owned).collect();
            assert_eq!(QuestionKind::of(&words), kind, "{asked:?}");
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }

    proptest! {
        #[test]
        fn any_question_gives_words_and_a_kind(text in "\\PC{0,120}") {
            let tokenizer = tokenizer("dog");
            let words = plain_question(&text, &tokenizer);
            let _ = QuestionKind::of(&words);
            prop_assert!(words.iter().all(|w| !w.is_empty()));
            prop_assert_eq!(words.is_empty(), tokenizer.split(&text).is_empty());
        }
    }
}
