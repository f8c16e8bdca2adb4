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

# Storage
MAX_WAITING_JOBS = 50_000  # jobs admitted and not yet answered; beyond, callers are refused rather than kept waiting
MAX_WRITE_GROUP = 256  # jobs committed together: about 3 ms of work, so that the first does not wait for the last
MAX_READ_GROUP = 32  # reads run by one thread on one snapshot
STORE_READERS = 2  # threads reading SQLite; they share one interpreter lock, so more only help when the disk is slow
STORE_CONNECTIONS = 10  # to PostgreSQL, besides the writer's
MAX_STATEMENTS = 1_000  # prepared statements kept per connection: more than the program holds
MAX_SQL_TEXTS = 4_096  # translated SQL texts; SQL is static, so this only bounds a mistake
MAX_JOB_ATTEMPTS = 8  # of a job that PostgreSQL asks to run again (serialization failure, deadlock)
JOB_RETRY_S = 0.005  # times the number of the attempt: long enough for the other job to end
STORE_BUSY_MS = 5_000  # SQLite waits this long for a lock held by a checkpoint
STORE_IDLE_S = 0.25  # a quiet moment in which SQLite's log is moved into its file
CHECKPOINT_PAGES = 8_000  # pages of 4 KiB in SQLite's log before a commit must move them itself
THREAD_SWITCH_S = 0.0002  # how long a busy loop may keep the interpreter from a storage thread (Python's own: 5 ms)

# Outbound requests
MAX_OUTBOUND_CONNECTIONS = 100
MAX_OUTBOUND_IDLE = 20  # kept open for the next request to the same place
OUTBOUND_IDLE_S = 30
OUTBOUND_TIMEOUT_S = 10  # for the whole exchange, redirects and all, unless the caller knows better
MAX_OUTBOUND_BODY = 1024 * 1024  # an answer larger than this is given up, unless the caller knows better
MAX_OUTBOUND_REDIRECTS = 3
