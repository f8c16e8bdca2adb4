-- The directory of people, for millions of them: typing errors are looked for among words, of which there are few.
-- The tables of before (directory_people, directory_trigrams, directory_counts) are read by nobody any more.

CREATE TABLE directory_persons (
  person_id BIGINT PRIMARY KEY,
  user_id TEXT NOT NULL UNIQUE,
  -- Under which administration she is listed; NULL: none.
  administration_id TEXT,
  -- Folded words separated by spaces: of the name, of the parts of it written in one, of the unit and the function.
  names TEXT NOT NULL,
  joined TEXT NOT NULL,
  roles TEXT NOT NULL
);

-- Every word of a name, a unit, a function or an administration, and how many of them have it. The id is a hash.
CREATE TABLE directory_words (
  word_id BIGINT PRIMARY KEY,
  word TEXT NOT NULL,
  people BIGINT NOT NULL DEFAULT 0,
  roles BIGINT NOT NULL DEFAULT 0,
  administrations BIGINT NOT NULL DEFAULT 0,
  -- How common it is, in powers of two, from 0 for all that few bear.
  weight INTEGER NOT NULL DEFAULT 0
);

-- What leads from a typed word to those that resemble it: itself, less one letter, its beginning, its middle.
CREATE TABLE directory_keys (
  key TEXT NOT NULL,
  -- The word's, so that the commonest of those with a beginning are found among the first.
  weight INTEGER NOT NULL,
  word_id BIGINT NOT NULL,
  PRIMARY KEY (key, weight, word_id)
) WITHOUT ROWID;

-- Each word of a person beside each other one. The initial stands before the administration, so that a common name
-- with a common first name is a short range, in one administration as in all.
CREATE TABLE directory_postings (
  word_id BIGINT NOT NULL,
  initial INTEGER NOT NULL,
  administration_key BIGINT NOT NULL,
  person_id BIGINT NOT NULL,
  other_id BIGINT NOT NULL,
  PRIMARY KEY (word_id, initial, administration_key, person_id, other_id)
) WITHOUT ROWID;

-- The administrations as they are found: `words` of the name and the label as they were when they were read.
CREATE TABLE directory_administrations (
  administration_id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  label TEXT NOT NULL,
  words TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE directory_administration_words (
  word_id BIGINT NOT NULL,
  administration_id TEXT NOT NULL,
  PRIMARY KEY (word_id, administration_id)
) WITHOUT ROWID;

-- People listed before this directory was: those after this account are still to be listed. Without a row, none is.
CREATE TABLE directory_backlog (after_user TEXT NOT NULL);
INSERT INTO directory_backlog (after_user) VALUES ('');
