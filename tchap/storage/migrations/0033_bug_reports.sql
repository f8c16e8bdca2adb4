-- What people say does not work, as today's clients send it, with their logs; kept for a while.

CREATE TABLE bug_reports (
  report_id BIGINT PRIMARY KEY,
  created_ts BIGINT NOT NULL,
  app TEXT NOT NULL,
  version TEXT NOT NULL,
  body TEXT NOT NULL,
  -- Where to answer, as the sender wrote it; nobody proved it.
  email TEXT,
  -- Every other field, one JSON object of lists of texts.
  fields BLOB NOT NULL
);
CREATE INDEX bug_reports_by_time ON bug_reports (created_ts);

CREATE TABLE bug_report_files (
  report_id BIGINT NOT NULL,
  number INTEGER NOT NULL,
  name TEXT NOT NULL,
  size BIGINT NOT NULL,
  -- The file's name in the media store.
  blob_name TEXT NOT NULL,
  PRIMARY KEY (report_id, number)
) WITHOUT ROWID;
