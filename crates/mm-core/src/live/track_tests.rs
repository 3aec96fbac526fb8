//! What following lines of text must do.
