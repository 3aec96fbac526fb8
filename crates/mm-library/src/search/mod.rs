//! Finding photos: one query box, several rankings fused into one.
