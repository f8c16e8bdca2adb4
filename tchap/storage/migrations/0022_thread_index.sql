-- What was answered in threads lately, without reading everything else that was said (sliding sync's threads extension,
-- `GET /threads`). Only messages of threads pay for it.
CREATE INDEX events_in_threads ON events (room_id, position) WHERE rel_type = 'm.thread';
