//! One picture file: its hash, its EXIF facts, its thumbnail.
