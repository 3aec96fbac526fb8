//! Indexing: every new content once, on whatever pace the machine has.
