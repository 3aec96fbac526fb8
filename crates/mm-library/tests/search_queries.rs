//! What a person types, and what is found.

mod store_support;

use mm_library::{
    search::{Embedder, Query, Reason, search},
    store::PhotoRecord,
};
use proptest::prelude::*;
use store_support::{Concepts, Library, TODAY, embedding, names, record, taken};

/// Eight photos with everything there is to find one by.
fn library() -> Library {
    let mut library = Library::new();
    for (path, photo) in [
        ("sea.jpg", taken("2023-06-15T12:00:00", record("dog beach", "a dog runs on a beach", ""))),
        ("snow.jpg", taken("2024-01-02T09:00:00", record("dog snow", "a dog in the snow", ""))),
        (
            "sign.jpg",
            taken("2026-11-22T10:00:00", record("tree", "a sign near a tree", "NO PARKING\nGarage 1984")),
        ),
        ("Rome/IMG_1.jpg", taken("2022-12-25T18:00:00", record("car", "a red car on a street", "ROMA"))),
        ("cat.jpg", taken("2026-07-01T18:00:00", record("cat", "a cat asleep", ""))),
        ("boats.jpg", taken("2026-08-01T18:00:00", record("boat beach", "boats on the sand", "Größe L"))),
        ("girl.jpg", taken("2026-11-18T18:00:00", record("girl", "a girl in a café", ""))),
        ("plain.jpg", taken("2020-02-29T23:59:59", record("", "something blue", ""))),
    ] {
        library.add(path, photo);
    }
    library
}

#[test]
fn every_kind_of_word_finds_its_photos() {
    let library = library();
    let cases: [(&str, &[&str]); 24] = [
        ("", &["sign", "girl", "boats", "cat", "snow", "sea", "IMG_1", "plain"]),
        ("dog", &["sea", "snow"]),
        ("dogs on the beach", &["sea", "snow", "boats"]),
        ("asleep", &["cat"]),
        ("parking", &["sign"]),
        ("park", &["sign"]),
        ("garag", &["sign"]),
        ("grosse", &[]),
        ("große", &["boats"]),
        ("größe", &["boats"]),
        ("groß", &["boats"]),
        ("cafe", &["girl"]),
        ("rome", &["IMG_1"]),
        ("img_1", &["IMG_1"]),
        ("2023", &["sea"]),
        ("1984", &["sign"]),
        ("last summer", &["boats", "cat"]),
        ("christmas 2022", &["IMG_1"]),
        ("yesterday", &["sign"]),
        ("last week", &["sign", "girl"]),
        ("29.2.2020", &["plain"]),
        ("dog in january 2024", &["snow"]),
        ("dogs without snow", &["sea"]),
        ("beach -dog last summer", &["boats"]),
    ];
    for (text, expected) in cases {
        assert_eq!(library.names(text), expected, "{text}");
    }
    assert_eq!(library.names("no dogs, no cars"), ["sign", "girl", "boats", "cat", "plain"]);
    assert_eq!(library.names("unicorn"), Vec::<String>::new());
}

#[test]
fn every_hit_says_why() {
    let library = library();
    let why = |text: &str| library.find(text).hits[0].why.clone();
    let words = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    let looks = |reason: &Reason| matches!(reason, Reason::Looks { similarity } if *similarity > 0.6);
    assert!(looks(&why("dogs")[0]));
    assert_eq!(why("dogs")[1], Reason::Caption { words: words(&["dog"]) });
    let text = Reason::Text { words: words(&["PARKING"]), snippet: "NO PARKING".to_owned() };
    assert_eq!(why("parking"), [text]);
    assert_eq!(
        why("parking garage")[0],
        Reason::Text { words: words(&["PARKING", "Garage"]), snippet: "NO PARKING".to_owned() }
    );
    assert_eq!(why("rome")[0], Reason::Name { words: words(&["Rome"]) });
    assert_eq!(why("last week"), [Reason::Date { label: "last week".to_owned() }]);
    let both = why("cat last summer");
    assert_eq!(
        (looks(&both[0]), both.last()),
        (true, Some(&Reason::Date { label: "last summer".to_owned() }))
    );
    assert!(why("").is_empty());
    let understood = library.find("Dogs last summer without snow").understood;
    assert_eq!((understood.words.as_str(), understood.without), ("Dogs", words(&["snow"])));
    assert_eq!(
        understood.when.map(|(from, to, _)| format!("{from} {to}")).as_deref(),
        Some("2026-06-01 2026-08-31")
    );
}

#[test]
fn a_photo_without_its_date_is_found_by_its_files() {
    let mut library = library();
    library.add("undated.jpg", record("dog car", "a dog in a car", ""));
    // 14 November 2023 in every time zone: the file's time of change.
    assert_eq!(library.names("dogs november 2023"), ["undated"]);
    assert_eq!(library.find("dogs november 2023").hits[0].taken, None);
}

#[test]
fn pages_are_parts_of_one_order() {
    let mut library = Library::new();
    for i in 0..50 {
        // All alike, so that only the order of ties keeps pages apart.
        library.add(&format!("{i}.jpg"), record("dog", &format!("a dog {}", i / 25), ""));
        library.add(&format!("c{i}.jpg"), record("dog", "a dog", &format!("line {i}")));
    }
    for text in ["dog", "", "dog -cat"] {
        let all = library.find(text);
        assert_eq!((all.total, all.hits.len()), (52, 52), "{text}");
        let mut pages = Vec::new();
        for offset in (0..60).step_by(7) {
            let page = library.page(text, offset, 7);
            assert_eq!(page.total, 52);
            pages.extend(page.hits);
        }
        assert_eq!(pages, all.hits, "{text}");
    }
}

#[test]
fn a_picture_finds_similar_ones() {
    let library = library();
    let like = embedding("dog beach");
    let query = Query { text: "", like: like.as_ref(), offset: 0, limit: 9, today: TODAY };
    let page = search(&library.store, &Concepts, &query).unwrap();
    // Half of what "snow" and "boats" show is in it too: just at the floor.
    assert_eq!(names(&page)[0], "sea");
    assert!(matches!(page.hits[0].why[..], [Reason::Picture { similarity }] if similarity > 0.99));
    assert!(!names(&page).contains(&"cat".to_owned()));
    let page = search(&library.store, &Concepts, &Query { text: "snow", ..query }).unwrap();
    assert_eq!(names(&page)[0], "snow");
    let page = search(&library.store, &Concepts, &Query { text: "2023", ..query }).unwrap();
    assert_eq!(names(&page), ["sea"]);
    let page = search(&library.store, &Concepts, &Query { text: "-dog", ..query }).unwrap();
    assert_eq!(names(&page), ["boats"]);
}

#[test]
fn unknown_words_are_not_embedded() {
    struct Fussy;
    impl Embedder for Fussy {
        fn embed_text(&self, text: &str) -> mm_core::Result<mm_core::tasks::embed::Embedding> {
            assert_ne!(text, "flurb");
            Concepts.embed_text(text)
        }
        fn knows(&self, text: &str) -> mm_core::Result<bool> {
            Ok(embedding(text).is_some())
        }
    }
    let mut library = library();
    library.add("x.jpg", record("dog", "flurb", ""));
    let query = Query { text: "flurb", like: None, offset: 0, limit: 9, today: TODAY };
    assert_eq!(names(&search(&library.store, &Fussy, &query).unwrap()), ["x"]);
}

#[test]
fn the_model_says_from_which_cosine_on_a_photo_looks_like_the_words() {
    struct Strict(f32);
    impl Embedder for Strict {
        fn embed_text(&self, text: &str) -> mm_core::Result<mm_core::tasks::embed::Embedding> {
            Concepts.embed_text(text)
        }
        fn looks_from(&self) -> f32 {
            self.0
        }
    }
    let mut library = library();
    library.add("x.jpg", record("dog snow", "", ""));
    // A photo of two things lies at a cosine of 0.71 to each of them.
    let query = Query { text: "dogs", like: None, offset: 0, limit: 9, today: TODAY };
    let hits = |floor| names(&search(&library.store, &Strict(floor), &query).unwrap()).len();
    assert!(hits(0.9) < hits(0.7), "{} {}", hits(0.9), hits(0.7));
}

#[test]
fn a_model_that_fails_is_said() {
    struct Broken;
    impl Embedder for Broken {
        fn embed_text(&self, _: &str) -> mm_core::Result<mm_core::tasks::embed::Embedding> {
            Err(mm_core::Error::RuntimeInferenceFailed { model: "text".to_owned(), detail: "x".to_owned() })
        }
    }
    let library = library();
    let query = Query { text: "dog", like: None, offset: 0, limit: 9, today: TODAY };
    assert_eq!(search(&library.store, &Broken, &query).unwrap_err().code(), "runtime.inference_failed");
    // Dates and everything need no model.
    assert_eq!(search(&library.store, &Broken, &Query { text: "2023", ..query }).unwrap().total, 1);
}

#[test]
fn operators_and_statements_are_plain_text() {
    let mut library = library();
    library.add("odd.jpg", record("", "nothing", "caption:dog \"AND\" x'); DROP TABLE contents; --"));
    for text in
        ["drop table contents", "x'); DROP TABLE contents; --", "\"AND\" x'); DROP", "table AND contents"]
    {
        assert_eq!(library.names(text)[0], "odd", "{text}");
    }
    for text in [
        "caption:",
        "NEAR(",
        "^",
        "*",
        "\"",
        "'",
        "a*",
        "{caption text}",
        "%",
        "dog*",
        "-",
        "--",
        "no -",
        "\0",
        "😀",
        "ﷺ",
        "ª",
    ] {
        library.find(text);
    }
    library.store.check().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text_is_a_query(
        text in prop_oneof![
            any::<String>(),
            "[\"'*^:(){}+\\-.,;%_ a-z0-9]{0,40}",
            proptest::collection::vec(prop_oneof![
                Just("dog"), Just("no"), Just("without"), Just("last"), Just("between"), Just("and"), Just("to"),
                Just("2024"), Just("june"), Just("-"), Just("-cat"), Just("\""), Just("AND"), Just("NEAR("), Just("ago"),
                Just("99999999999"), Just("since"), Just("before"), Just("0000-00-00"), Just("9999"), Just("the"),
            ], 0..8).prop_map(|words| words.join(" ")),
        ],
        offset in 0_usize..20,
    ) {
        thread_local!(static LIBRARY: Library = library());
        LIBRARY.with(|library| {
            let page = library.page(&text, offset, 3);
            prop_assert!(page.total <= 8 && page.hits.len() <= 3);
            Ok(())
        })?;
    }
}

#[test]
fn the_same_content_twice_is_one_hit() {
    let mut library = Library::new();
    let dog = record("dog", "a dog", "");
    library.add("one/dog.jpg", dog.clone());
    library.add("two/dog.jpg", PhotoRecord { caption: "a dog".to_owned(), ..dog });
    let page = library.find("two dogs");
    assert_eq!(page.total, 1);
    assert!(page.hits[0].why.iter().any(|reason| matches!(reason, Reason::Name { .. })));
    library.store.check().unwrap();
}
