"""Every bound of the house, named, with its reason. Sizes are bytes, durations are in the unit the name ends with."""

# HTTP
MAX_JSON_BODY = 256 * 1024  # four times the largest event: room for batches of keys and state at creation
MAX_KEYS_BODY = 8 * 1024 * 1024  # key backups and device messages come in batches of thousands
MAX_PATH = 8 * 1024  # five identifiers of 255 bytes, percent-encoded thrice over, still fit
MAX_QUERY = 32 * 1024  # a filter may be given inline in /sync
MAX_JSON_DEPTH = 100  # deeper JSON serves nobody and costs stack
KEEP_ALIVE_S = 75
STOP_GRACE_S = 5  # a stop wakes every long poll at once; what still runs then has this long
MAX_CONNECTIONS = 50_000

# Live memory
MAX_CACHED_TOKENS = 200_000  # one per signed-in device seen lately; about 300 bytes each
MAX_RATE_KEYS = 100_000

# Identifiers
MAX_ID_BYTES = 255  # appendices, "Common Identifier Format"
MAX_EVENT_BYTES = 65_536  # client-server API, "Size limits"

# Sync, receipts, account data, push
MAX_SUBSCRIBERS = 50_000  # people who synced lately and whose news are indexed in memory, a few kilobytes each
MAX_SYNC_HOLES = 16  # facts told out of order that one subscriber remembers
MAX_SYNC_TIMEOUT_MS = 120_000  # a longer poll only meets the time-outs of the proxies on the way
MAX_TYPISTS = 100  # people typing at once in one room that are told of
MAX_TYPING_ROOMS = 20_000
MAX_TYPING_MS = 120_000
MAX_FILTERS = 500  # per person; clients repeat the same few
MAX_RULE_VERSIONS = 32  # changes of one person's push rules kept for counting what they have not read
MAX_AUDIENCES = 20_000  # rooms whose rule classes are kept in memory
MAX_RECENT_NOTICES = 300  # of one room: more than the tail of the timeline kept beside them
