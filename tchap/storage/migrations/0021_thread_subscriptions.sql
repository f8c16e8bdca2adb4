-- Which threads a person follows (MSC4306). A thread they followed once keeps its row: the position says when it changed.

CREATE TABLE thread_subscriptions (
  user_id TEXT NOT NULL,
  room_id TEXT NOT NULL,
  thread_root TEXT NOT NULL,
  is_subscribed INTEGER NOT NULL,
  is_automatic INTEGER NOT NULL,
  position BIGINT NOT NULL,
  PRIMARY KEY (user_id, room_id, thread_root)
) WITHOUT ROWID;
CREATE INDEX thread_subscriptions_by_position ON thread_subscriptions (user_id, position);
