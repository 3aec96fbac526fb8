-- Version 1: folders, files, contents, and the words to find them by.

-- Settings of the index itself: 'model' is the number of the model whose vectors are kept, 'vectors' counts the times that
-- a vector was removed or replaced, so that readers know when to read them all again.
CREATE TABLE settings (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO settings VALUES ('model', 0), ('vectors', 0);

CREATE TABLE models (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE folders (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    path         BLOB NOT NULL UNIQUE,  -- absolute; Unix bytes or UTF-16LE
    last_scanned INTEGER                -- seconds since 1970, UTC
) STRICT;

-- What identical files hold, analysed once. AUTOINCREMENT: a number is never used again, so that what a screen still
-- shows of a removed photo can never become another one.
CREATE TABLE contents (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    hash               BLOB NOT NULL UNIQUE,  -- BLAKE3
    model              INTEGER NOT NULL REFERENCES models,
    width              INTEGER NOT NULL,
    height             INTEGER NOT NULL,
    taken              TEXT,                  -- local time, ISO 8601
    moment             INTEGER NOT NULL,      -- taken, else the file's time; seconds since 1970 on the local clock
    caption            TEXT NOT NULL,
    caption_confidence REAL NOT NULL,
    text               TEXT NOT NULL          -- lines that were read, one per line
) STRICT;
CREATE INDEX contents_by_moment ON contents (moment DESC, id DESC);
CREATE INDEX contents_by_model ON contents (model);

CREATE TABLE files (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    folder      INTEGER NOT NULL REFERENCES folders ON DELETE CASCADE,
    path        BLOB NOT NULL,     -- relative to the folder
    name        TEXT NOT NULL,     -- the path's words
    size        INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL,
    content     INTEGER REFERENCES contents,
    failure     TEXT,              -- error code
    message     TEXT,
    UNIQUE (folder, path),
    CHECK ((content IS NULL) <> (failure IS NULL))
) STRICT;
CREATE INDEX files_by_content ON files (content);

CREATE TABLE vectors (
    content   INTEGER PRIMARY KEY REFERENCES contents ON DELETE CASCADE,
    embedding BLOB NOT NULL        -- int8: 127 times the unit vector
) STRICT;
CREATE TABLE thumbnails (
    content INTEGER PRIMARY KEY REFERENCES contents ON DELETE CASCADE,
    jpeg    BLOB NOT NULL
) STRICT;
CREATE TABLE pages (
    content INTEGER PRIMARY KEY REFERENCES contents ON DELETE CASCADE,
    regions TEXT NOT NULL          -- JSON: lines and words with their quads
) STRICT;

-- The text itself stays in the tables above; the triggers keep these in step.
CREATE VIRTUAL TABLE content_words USING fts5 (
    caption, text, content = 'contents', content_rowid = 'id', tokenize = 'porter unicode61 remove_diacritics 2'
);
CREATE TRIGGER contents_added AFTER INSERT ON contents BEGIN
    INSERT INTO content_words (rowid, caption, text) VALUES (new.id, new.caption, new.text);
END;
CREATE TRIGGER contents_removed AFTER DELETE ON contents BEGIN
    INSERT INTO content_words (content_words, rowid, caption, text) VALUES ('delete', old.id, old.caption, old.text);
END;
CREATE TRIGGER contents_changed AFTER UPDATE OF caption, text ON contents BEGIN
    INSERT INTO content_words (content_words, rowid, caption, text) VALUES ('delete', old.id, old.caption, old.text);
    INSERT INTO content_words (rowid, caption, text) VALUES (new.id, new.caption, new.text);
END;

CREATE VIRTUAL TABLE file_words USING fts5 (
    name, content = 'files', content_rowid = 'id', tokenize = 'porter unicode61 remove_diacritics 2'
);
CREATE TRIGGER files_added AFTER INSERT ON files BEGIN
    INSERT INTO file_words (rowid, name) VALUES (new.id, new.name);
END;
CREATE TRIGGER files_removed AFTER DELETE ON files BEGIN
    INSERT INTO file_words (file_words, rowid, name) VALUES ('delete', old.id, old.name);
END;
CREATE TRIGGER files_changed AFTER UPDATE OF name ON files BEGIN
    INSERT INTO file_words (file_words, rowid, name) VALUES ('delete', old.id, old.name);
    INSERT INTO file_words (rowid, name) VALUES (new.id, new.name);
END;
