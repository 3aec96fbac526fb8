//! Which files of a folder are pictures to index, and what changes there.
