//! Words and their numbers, and questions as people type them.

mod question;
mod tokenizer;

#[cfg(test)]
pub(crate) use self::tokenizer::tests::tokenizer as tokenizer_for_tests;
pub use self::{
    question::{QuestionKind, plain_question},
    tokenizer::{Specials, Token, Tokenizer},
};
