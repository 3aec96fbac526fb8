//! Any bytes as `tokenizer.json`, then any text: tokens of the vocabulary or a coded error.
//!
//! The input is the JSON, a zero byte, and the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mm_core::text::{Tokenizer, plain_question};

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(2, |&byte| byte == 0);
    let json = parts.next().unwrap_or_default();
    let text = String::from_utf8_lossy(parts.next().unwrap_or_default());
    match Tokenizer::parse(json) {
        Ok(tokenizer) => {
            let tokens = tokenizer.encode(&text, 64);
            assert!(tokens.len() <= 64);
            assert!(tokens.iter().all(|&token| (token as usize) < tokenizer.vocabulary()));
            let _ = tokenizer.decode(&tokens);
            assert!(plain_question(&text, &tokenizer).iter().all(|word| !word.is_empty()));
        }
        Err(error) => assert_eq!(error.code(), "runtime.model_invalid"),
    }
});
