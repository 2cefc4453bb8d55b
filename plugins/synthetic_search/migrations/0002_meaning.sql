-- Retrieval by meaning: models, and the vectors that they have made of documents.

-- One model answers (READY); another may be filled meanwhile (FILLING); one that
-- was replaced (RETIRED) is deleted bit by bit. `through_id` is the last document
-- that was embedded; `head_id` and `documents` are how far the index went, and
-- how much was in it, when the model was made; `middle` is an average of turned
-- vectors, as 32-bit floats.
CREATE TABLE search_models (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    embedder TEXT NOT NULL CHECK (embedder <> ''),
    model TEXT NOT NULL CHECK (model <> ''),
    dimension INTEGER NOT NULL CHECK (dimension BETWEEN 1 AND 8192),
    state TEXT NOT NULL CHECK (state IN ('FILLING', 'READY', 'RETIRED')),
    head_id INTEGER NOT NULL CHECK (head_id >= 0),
    documents INTEGER NOT NULL CHECK (documents >= 0),
    through_id INTEGER NOT NULL DEFAULT 0 CHECK (through_id >= 0),
    middle BLOB NOT NULL CHECK (length(middle) % 256 = 0),
    created_at INTEGER NOT NULL,
    ready_at INTEGER,
    CHECK (state <> 'READY' OR ready_at IS NOT NULL),
    CHECK (state <> 'FILLING' OR ready_at IS NULL)
) STRICT;

CREATE UNIQUE INDEX search_models_by_state ON search_models (state) WHERE state IN ('FILLING', 'READY');

-- What a learnt model consists of, cut into pieces.
CREATE TABLE search_model_parts (
    model_key INTEGER NOT NULL REFERENCES search_models (key),
    number INTEGER NOT NULL CHECK (number >= 0),
    content BLOB NOT NULL,
    PRIMARY KEY (model_key, number)
) STRICT;

-- A vector: a byte for each dimension, all to be multiplied by `scale`. There is
-- no key to the documents: a document goes without waiting for its vectors,
-- which are looked for by and by.
CREATE TABLE search_vectors (
    model_key INTEGER NOT NULL REFERENCES search_models (key),
    document_id INTEGER NOT NULL,
    scale REAL NOT NULL CHECK (scale > 0),
    levels BLOB NOT NULL,
    PRIMARY KEY (model_key, document_id)
) STRICT, WITHOUT ROWID;

-- The bits of many vectors side by side, to be looked through at once. `ids` are
-- the documents, as 64-bit integers that grow; `bits` are the words of all of
-- them, the first word of each before the second of any.
CREATE TABLE search_vector_blocks (
    model_key INTEGER NOT NULL REFERENCES search_models (key),
    number INTEGER NOT NULL CHECK (number >= 1),
    first_id INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    documents INTEGER NOT NULL CHECK (documents >= 1),
    ids BLOB NOT NULL,
    bits BLOB NOT NULL,
    PRIMARY KEY (model_key, number),
    CHECK (first_id <= last_id),
    CHECK (length(ids) = 8 * documents),
    CHECK (length(bits) % (8 * documents) = 0)
) STRICT;

-- Documents whose text the embedder of a model refused, while it took another:
-- they are tried again, later and later.
CREATE TABLE search_refused (
    model_key INTEGER NOT NULL REFERENCES search_models (key),
    document_id INTEGER NOT NULL,
    tries INTEGER NOT NULL CHECK (tries >= 1),
    next_try_at INTEGER NOT NULL,
    PRIMARY KEY (model_key, document_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX search_refused_by_next_try_at ON search_refused (model_key, next_try_at);
