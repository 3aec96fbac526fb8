//! The database: one SQLite file that holds what was found out about every photo, and never a photo.
