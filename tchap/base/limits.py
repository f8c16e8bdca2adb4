"""Every bound of the house, named, with its reason. Sizes are bytes, durations are in the unit the name ends with."""

# HTTP
MAX_JSON_BODY = 256 * 1024  # four times the largest event: room for batches of keys and state at creation
MAX_KEYS_BODY = 8 * 1024 * 1024  # key backups and device messages come in batches of thousands
MAX_PATH = 8 * 1024  # five identifiers of 255 bytes, percent-encoded thrice over, still fit
MAX_HEAD = 64 * 1024  # request line and headers: a path, a query and a browser's cookies fit
MAX_QUERY = 32 * 1024  # a filter may be given inline in /sync
MAX_JSON_DEPTH = 100  # deeper JSON serves nobody and costs stack
KEEP_ALIVE_S = 75
STOP_GRACE_S = 4  # a stop wakes every long poll at once; what still runs then has this long
MAX_CONNECTIONS = 50_000

# Live memory
MAX_CACHED_TOKENS = 200_000  # one per signed-in device seen lately; about 300 bytes each
MAX_RATE_KEYS = 100_000

# Keys and messages to devices
MAX_ONE_TIME_KEYS = 1_000  # unclaimed ones per device; clients keep 50 to 100
CLAIMED_KEYS_MS = 7 * 24 * 3600 * 1000  # how long a claimed key is remembered, so that no late retry offers it again
MAX_KEY_NAME = 255  # "algorithm:key_id"
MAX_KEYS_QUERY_USERS = 10_000
MAX_KEYS_CLAIM_DEVICES = 10_000
MAX_DEVICE_MESSAGE_BYTES = 65_536  # as an event ("Size limits"): Olm messages and key bundles are far smaller
MAX_DEVICE_MESSAGES = 20_000  # of one request, all devices of `*` counted
DEVICE_TRANSACTION_MS = 24 * 3600 * 1000  # a client repeats a send within minutes
MAX_TXN_ID = 255
MAX_BACKUP_SESSION_ID = 255
MAX_BACKUP_INTEGER = 2**53 - 1  # appendices, "Canonical JSON"

# Media
MAX_UPLOAD = 256 * 1024 * 1024  # whatever the settings say: a body is held in memory while it is stored
MAX_AWAITED_UPLOADS = 20  # addresses one person may hold without having given their content
AWAITED_UPLOAD_MS = 24 * 3600 * 1000  # client-server API, `POST /media/v1/create`: "the recommended default"
DEFAULT_MEDIA_WAIT_MS = 20_000  # client-server API, `timeout_ms` of downloads
MAX_MEDIA_WAIT_MS = 60_000
MEDIA_LOOK_EVERY_S = 2  # another process may have received the content
MAX_FILE_NAME = 255
MAX_CONTENT_TYPE = 255
MAX_THUMBNAILS = 16  # kept of one file; others are made again each time
MAX_WAITING_IMAGES = 64
IMAGE_THREADS = 2
MAX_THUMBNAIL_FRAMES = 150  # of an animation; longer ones stand still

# Antivirus
SCANS_AT_ONCE = 4  # of the ten threads clamd has by default; each holds its file in memory
MAX_WAITING_SCANS = 64  # beyond, a file waits for its next download instead
SCANNER_CHUNK = 256 * 1024
MAX_SCANNER_ANSWER = 64 * 1024  # one line
MAX_THREAT_NAME = 255  # characters
SCANNER_VERSION_S = 60  # between two questions about the scanner's signatures, which change a few times a day
RESCAN_AFTER_MS = 24 * 3600 * 1000  # how long a clean verdict holds although there are newer signatures
MAX_OPENED = 64  # verdicts kept of one file under different keys: it has one that is true
OPENINGS_AT_ONCE = 2  # encrypted files opened and looked at; each is held twice in memory, sealed and open
MAX_WAITING_OPENINGS = 64
OPENINGS_RETRY_MS = 2_000
MAX_SCANNER_BODY = 64 * 1024  # a file's address and key, encrypted
HASH_ON_LOOP = 64 * 1024  # bytes hashed without a thread: a tenth of a millisecond

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
COPY_ROWS = 200  # inserted at once: from so many on PostgreSQL copies them, which costs one more exchange
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

# The law of Matrix (protocol)
MAX_PREV_EVENTS = 20  # room versions, "Event format"
MAX_AUTH_EVENTS = 10  # room versions, "Event format"
MAX_INVITE_KEYS = 16  # a third-party invite names one or two keys; more only keeps us busy verifying
MAX_INVITE_SIGNATURES = 16
MAX_PUSH_RULES = 1_000  # of one person; rooms muted one by one make the most of them
MAX_PUSH_CONDITIONS = 32  # of one rule
MAX_PUSH_PATTERN = 512  # characters of a glob
MAX_PUSH_JOKERS = 32  # question marks of a glob: each is tried at every character of a message
MAX_FILTER_ENTRIES = 2_000  # names in one list of a filter: rooms are listed one by one by some clients
MAX_FILTER_PATTERN = 255  # characters of an event type, wildcards included
MAX_FILTER_LIMIT = 1_000  # events a filter may ask for at once
MAX_THREAD_HOPS = 3  # client-server API, "Threaded read receipts"

# Accounts
MAX_PASSWORD_CHARS = 512  # longer ones only cost hashing
MAX_WAITING_HASHES = 64  # Argon2id runs off the loop; a queue beyond this is a flood, answered with 429
HASH_THREADS = 2
MAX_DEVICES = 500  # of one account: scripts that sign in anew each time push out their own oldest
MAX_DEVICE_NAME = 100
MAX_DISPLAY_NAME = 256
MAX_AVATAR_URL = 1000
MAX_PROFILE_BYTES = 65_536  # client-server API, "Profiles"
MAX_PROFILE_KEY_BYTES = 255  # client-server API, "Profiles"
MAX_CLIENT_SECRET = 255  # identity API: opaque strings of at most 255 characters
MAX_INTERACTIVE_SESSIONS = 20_000
MAX_INTERACTIVE_FIELDS = 16 * 1024  # of the body a session began with, kept until it is complete
INTERACTIVE_SESSION_MS = 24 * 3600 * 1000  # a registration may wait for its mail for a day
MAX_CODE_ATTEMPTS = 5  # a code has six digits
VALIDATED_EMAIL_MS = 24 * 3600 * 1000  # how long a proven address stays good for the act it was proven for
EMAIL_INVITATION_MS = 30 * 24 * 3600 * 1000  # how long an address may answer an invitation
LOGIN_TOKEN_MS = 120_000  # client-server API, `POST /login/get_token`
SPENT_REFRESH_TOKEN_MS = 30 * 24 * 3600 * 1000  # how long the reuse of a refresh token is noticed
LAST_SEEN_EVERY_MS = 5 * 60 * 1000  # a device's last visit is written at most this often
MAIL_BATCH = 50
MAIL_MAX_ATTEMPTS = 12  # over about two days
MAIL_RETRY_MS = 30_000  # doubled at each attempt
MAILBOX_SIZE = 500
MAX_DIRECTORY_RESULTS = 50  # of one search; nothing leads to those after them
DIRECTORY_WORDS = 600  # of the dictionary, looked at to find what the typed ones stand for
DIRECTORY_LIKELY_WORDS = 600  # that one typed word may stand for
DIRECTORY_LOOKS = 1_600  # at the index, for one way to look: words times the initials beside which they are looked for
DIRECTORY_ADMINISTRATIONS = 120  # looked at to find those that were named
DIRECTORY_CROWD = 2_000  # a word of more administrations tells none apart
DIRECTORY_CANDIDATES = 120  # people of one way to look, compared with what was typed
DIRECTORY_BUDGET = 10_000  # postings read in all administrations, or those of one word
DIRECTORY_ROOMS = 50  # the searcher's latest, where those met there are looked for
DIRECTORY_ROOM_MEMBERS = 200  # a room with as many makes nobody close
DIRECTORY_ROOMMATES = 1_000
DIRECTORY_BATCH = 1_000  # people listed in one transaction by the duty
DIRECTORY_BULK = 200_000  # by the command: postings are written in their order, so the fewer times the better
DIRECTORY_PAUSE_S = 0.05  # between two batches: those who wait come first
DIRECTORY_IDLE_S = 60  # between two looks for administrations that changed their name
DIRECTORY_PEOPLE_PER_DAY = 1_000  # different people shown to one: all agents would take fifteen years
MAX_DIRECTORY_SEEKERS = 20_000  # people whose searches are counted in memory, a kilobyte each
KEY_VALIDITY_MS = 24 * 3600 * 1000  # how long other servers may rely on our published keys
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
MAX_SYNC_RECEIPTS = 1_000  # of one room in one answer, the reader's own and the newest first
MAX_SYNC_TO_DEVICE = 100  # messages in one answer; the rest follows at once in the next
MAX_SYNC_HEROES = 5  # client-server API, RoomSummary
MAX_SYNC_DEVICE_CHANGES = 10_000  # people looked at in one answer to tell whose devices to follow
MAX_SENT_MEMBERS = 5_000  # membership events that a lazy-loading device is known to have
MAX_REMEMBERED_DEVICES = 8  # of one person; a forgotten one is told again
MAX_ACCOUNT_DATA = 20_000  # entries of one person over all rooms
MAX_TAG_BYTES = 255  # client-server API, "Room Tagging"
MAX_TAGS = 100  # of one room
MAX_APP_ID = 64  # client-server API, POST /pushers/set
MAX_PUSHKEY_BYTES = 512  # client-server API, POST /pushers/set
MAX_PUSHERS = 100  # of one person
MAX_NOTIFICATIONS = 200  # in one page


# Rooms
MAX_LIVE_ROOMS = 5_000  # about 1 kB per state event; the busiest rooms of a deployment
MAX_REFERENCE_HASHES = 1_000  # of one room of version 1 or 2, besides those of its state
MAX_RECENT_EVENTS = 100  # the tail of a room that syncs are served from
MAX_CACHED_TRANSACTIONS = 100_000
MAX_APPEND_ATTEMPTS = 5  # each attempt lost to another append; more means something is wrong
MAX_PUBLIC_ROOMS = 500  # of one page of the directory
MAX_CREATION_INVITES = 1_000  # of one room being made: all its first events are one commit


DEFAULT_TYPING_MS = 30_000
DEFAULT_PAGE = 10  # client-server API: the default of every `limit` of a room's history
MAX_PAGE = 1_000
MAX_HISTORY_ROUNDS = 5  # batches read for one page when most of what is read is hidden from the reader
MAX_BUNDLED_REFERENCES = 100  # of one event
MAX_EDITS_TRIED = 5  # the latest ones, until one is lawful
MAX_RELATION_DEPTH = 3  # client-server API, `recurse`: "at least 3"
MAX_RELATION_PARENTS = 1_000  # events whose children one recursive request looks at
MAX_UNREAD_ROOMS = 2_000  # rooms of one person whose unread counts are kept in memory
MAX_RECEIPT_ROOMS = 20_000  # rooms whose latest receipts are kept in memory
MAX_RECENT_RECEIPTS = 500  # of one room

# Application services
MAX_APPSERVICE_NAMESPACES = 1_000  # of one kind in one registration
MAX_APPSERVICE_EVENTS = 100  # in one transaction
MAX_APPSERVICE_EPHEMERAL = 1_000  # typing and receipts that wait for one service; the oldest give way
APPSERVICE_TIMEOUT_S = 30  # for one answer: a service may do its work before it answers
APPSERVICE_RETRY_S = 0.5  # before a transaction is tried again, doubled each time
APPSERVICE_MAX_RETRY_S = 60
MAX_PING_BODY = 4_096  # of a refused ping, shown to whoever asked for it
DUTY_RETRY_S = 5  # before a background duty that failed begins again
# Sliding sync
MAX_SLIDING_DEVICES = 20_000  # that slid lately: places confirmed and offered, about 200 bytes per room known
MAX_DEVICE_CONNECTIONS = 10  # of one device, by name
MAX_OFFERED_PLACES = 4  # answers of one connection that may all have been lost
MAX_SLIDING_LISTS = 100  # MSC4186
MAX_SLIDING_SUBSCRIPTIONS = 500
MAX_SLIDING_RANGES = 20  # of one list
MAX_SLIDING_TIMELINE = 100  # events of one room
MAX_REQUIRED_STATE = 200  # entries of one list or subscription
MAX_SLIDING_NAME = 255  # characters of a list's or a connection's name
MAX_ROOM_TYPES = 100_000  # rooms whose type is kept in memory

# OAuth 2.0
MAX_OAUTH_CLIENTS = 20_000  # kept; beyond, those registered longest ago that nobody is signed in with give way
MAX_CLIENT_NAME = 100  # shown to people, and the name of the device
MAX_OAUTH_URI = 2_048
MAX_REDIRECT_URIS = 20  # of one application
MAX_OAUTH_BODY = 16 * 1024  # a code, a token and an address
AUTHORIZATION_CODE_MS = 60_000  # between the browser's answer and the application's question
SPENT_CODE_MS = 24 * 3600 * 1000  # how long the second use of a code is noticed
DEVICE_GRANT_MS = 15 * 60 * 1000  # to take the other device and type a code there
DEVICE_GRANT_INTERVAL_S = 5  # RFC 8628, section 3.5
DEVICE_GRANT_JITTER_S = 1
MAX_DEVICE_GRANTS = 10_000  # waiting at once
USER_CODE_LETTERS = 8  # of twenty: 34 bits, ten tries at once
UNUSED_CLIENT_MS = 30 * 24 * 3600 * 1000  # before the registration of an application nobody uses is forgotten
OAUTH_SWEEP_S = 3600
# Our own pages in a browser
BROWSER_SESSION_MS = 12 * 3600 * 1000  # a working day: the PC may be shared by a ward
BROWSER_PROOF_MS = 10 * 60 * 1000  # how long a proof of identity is good for further sensitive acts
MAX_BROWSER_SESSIONS = 20  # of one person; the oldest give way
MAX_COOKIE = 255  # characters; ours have 43
MAX_CONTINUE = 8 * 1024  # characters of the path a sign-in comes back to: an authorisation request fits
MAX_FORM_FIELDS = 30
MAX_ROOMS_LEFT = 1_000  # looked at to tell which ones a closed account would leave without administrator
MAX_ROOMS_NAMED = 20  # of those, by their names
CROSS_SIGNING_RESET_MS = 10 * 60 * 1000  # the specification names no time

# ProConnect and legacy single sign-on
OIDC_TIMEOUT_S = 10  # one exchange: a person waits for it
MAX_OIDC_BODY = 256 * 1024  # of one answer
MAX_OIDC_KEYS = 50  # of one provider
OIDC_METADATA_S = 3600
OIDC_KEYS_S = 3600  # before keys in use are asked for again: one taken back is believed no longer than that
OIDC_NEW_KEYS_S = 60  # between two questions for keys nobody has seen yet
OIDC_SILENCE_S = 5  # after a provider did not answer: those who wait for it are told at once
PROCONNECT_SIGN_IN_MS = 10 * 60 * 1000  # from our page to the provider's and back
MAX_PROCONNECT_SIGN_INS = 20_000  # under way at once; the oldest give way
MAX_ID_TOKEN = 8 * 1024  # kept for the sign-out, where it must fit into an address
MAX_AUTHORIZATION_CODE = 2_048
MAX_SSO_REDIRECT = 2_048  # characters of the address an application is sent back to
# Search
MAX_STEMS = 100_000  # words whose stems are remembered, about 300 bytes each; making one costs 0.1 ms
MAX_SEARCH_WORD = 64  # characters of a word; longer ones are keys and addresses
MAX_SEARCH_WORDS = 5_000  # of one message; PostgreSQL keeps the place of the first 16,383
MAX_SEARCH_TERM = 500  # characters of what somebody looks for
MAX_SEARCH_PHRASES = 20  # of one search
MAX_HIGHLIGHTS = 100
MAX_HIGHLIGHT_WORDS = 20_000  # looked at for one answer
MAX_SEARCH_PAGE = 100  # results at once
MAX_SEARCH_CONTEXT = 20  # events before, and after, each result
MAX_SEARCH_CANDIDATES = 1_000  # newest matches looked at for one page
MAX_SEARCH_SCAN = 20_000  # matches of all rooms read for them
MAX_SEARCH_RANKED = 4_000  # characters of a message that tell how well it answers
MAX_PREDECESSORS = 5  # rooms that a searched one came from, one upgrade after the other
MAX_SEARCH_ROOM_WORDS = 20  # rooms that are named to the index; of more, matches are picked out afterwards
SEARCH_BATCH = 200  # events indexed in one transaction
SEARCH_CATCH_UP = 10  # batches indexed before a search is answered
SEARCH_ROUND_ROOMS = 100  # rooms looked after in one round of the duty
SEARCH_PAUSE_S = 0.2  # between two batches: at most a fifteenth of one core goes into indexing
SEARCH_IDLE_S = 20.0  # between two rounds: what is searched sooner is indexed by the search itself

# Rendezvous of devices (MSC4108, MSC4388)
RENDEZVOUS_MS = 300_000  # MSC4388, "Maximum duration of a rendezvous"
MAX_RENDEZVOUS = 10_000  # at once
MAX_RENDEZVOUS_DATA = 4_096  # bytes of plain text, or characters of a JSON string
MAX_RENDEZVOUS_BODY = 32 * 1024  # those characters, however they are escaped

# Reports
MAX_REPORT_REASON = 4_000  # characters kept of what somebody says about what they report, and of a note
DEFAULT_REPORTS = 50
MAX_REPORTS = 500  # in one page
MAX_REPORT_ID = 2**62

# Mutual rooms, OpenID
MAX_MUTUAL_ROOMS = 100  # in one page
OPENID_TOKEN_S = 3_600  # a service asks at once whose token it was given
# Terms of accounts
VALIDITY_BATCH = 50  # accounts looked at in one transaction; each may get a mail
VALIDITY_PAUSE_S = 1.0  # between two batches: at most 50 mails a second, and five million first terms in 28 hours
VALIDITY_IDLE_S = 60.0  # before looking again where nothing is due: an administrator may have changed a term
MAX_TERM_TS = 2**53 - 1  # appendices, "Canonical JSON"
MAX_RENEWAL_LINKS = 10  # of one account; the oldest give way
MAX_USERS_ASKED = 500  # whose standing is asked in one call
# Administration
DEFAULT_AUDIT_PAGE = 100
MAX_AUDIT_PAGE = 1_000
MAX_AUDIT_ID = 2**53 - 1  # appendices, "Canonical JSON"
DAY_MS = 24 * 3600 * 1000
MIN_CLOSING_NOTICE_MS = 15 * DAY_MS  # between the first mail to the accounts of a closing domain and their end
MAX_CLOSING_NOTICE_MS = 731 * DAY_MS  # two years: what is further away is forgotten by everybody but us
CLOSING_REMINDER_MS = 7 * DAY_MS  # before the end, when they are told again
WALK_BATCH = 50  # accounts followed through their rooms before progress is written
WALK_IDLE_S = 30.0  # another process, or the command line, may have begun a walk
MAX_PEOPLE_PAGE = 500  # accounts of an administration in one page
DEFAULT_PEOPLE_PAGE = 100
MAX_ADMINISTRATIONS_PAGE = 500
DEFAULT_ADMINISTRATIONS_PAGE = 100
MAX_IMPORT_LINES = 100_000  # of administrations in one file: more than there are in France
MAX_IMPORT_BYTES = 64 * 1024 * 1024
MAX_BUG_REPORT = 20 * 1024 * 1024  # a report with its compressed logs
MAX_BUG_REPORT_UNPACKED = 100 * 1024 * 1024  # what its logs may unpack to together; clients' own keep to less
MAX_BUG_REPORT_PARTS = 200  # of the form: files and fields
MAX_BUG_REPORT_HEAD = 2_000  # bytes of what stands before a part
MAX_BUG_REPORT_FILES = 30
MAX_BUG_REPORT_FIELDS = 60
MAX_BUG_REPORT_FIELD = 20_000  # characters of one field
MAX_BUG_REPORT_NAME = 255
BUG_REPORT_BATCH = 50  # deleted before others have a turn
BUG_REPORTS_LOOK_EVERY_S = 3600.0
MAX_GUESTS_LISTED = 500  # externals of one agent in one answer
GUESTS_BATCH = 50  # externals followed before others have a turn
GUESTS_LOOK_EVERY_S = 60.0  # within which the end of a sponsorship takes effect
MAX_IDENTITY_TOKENS = 20  # of one person with the identity service, the newest kept
MAX_LOOKUP = 500  # addresses looked up in one request
PEPPER_LIFE_MS = 30 * 24 * 3600 * 1000  # after which the hashes of addresses are made anew
PEPPER_BATCH = 500  # addresses hashed in one transaction
PEPPER_LOOK_EVERY_S = 3600.0
ASSOCIATION_MS = 100 * 365 * 24 * 3600 * 1000  # for how long a signed association says to be valid: with the account
PLACING_BATCH = 500  # accounts given their administration in one transaction
DEFAULT_NOTICES = 50
MAX_NOTICES = 200  # in one page, with what they say
NOTICE_BATCH = 50  # people told of a notice at once
MAX_NOTICE_BYTES = 32_768  # half of an event
# Delayed events (MSC4140)
MAX_DELAY_MS = 30 * 24 * 3600 * 1000  # a message written today for next month
MAX_DELAYED_EVENTS = 100  # that wait, of one person
MAX_FINALISED = 1_000  # MSC4140, "Retention of finalised delayed events"
FINALISED_MS = 7 * 24 * 3600 * 1000  # the same
DELAYED_PAGE = 20
DELAYED_BATCH = 100  # sent at once when many are due
DELAYED_RETRY_MS = 5_000  # where the fault is ours
DELAYED_PATIENCE_MS = 10 * 60 * 1000  # after which our fault is told instead
# Room upgrades, spaces and the directory
MAX_CARRIED_STATE = 3_000  # state events a room hands on to its successor: one transaction
DEFAULT_SPACE_PAGE = 50  # rooms of one page of a hierarchy
MAX_SPACE_PAGE = 100
MAX_SPACE_DEPTH = 20  # steps from the root: people do not nest deeper, loops do
MAX_SPACE_ROWS = 20_000  # (room, depth) pairs looked at under one space
MAX_HIERARCHY_TOKEN = 2_048  # characters; ours hold two ids and three numbers
# Previews of linked pages
MAX_PREVIEW_URL = 2_048
MAX_PREVIEW_PAGE = 1024 * 1024  # the beginning of a page; what it says of itself comes first
MAX_PREVIEW_TEXT = 384 * 1024  # characters of it that are read
PREVIEW_CHUNK = 16 * 1024  # characters given to the parser at once
MAX_PREVIEW_PENDING = 64 * 1024  # characters without a meaning yet that the parser may hold back
PREVIEW_CHARSET_BYTES = 1_024  # HTML, "prescan a byte stream to determine its encoding"
MAX_PREVIEW_PIECES = 10_000  # tags, comments and texts looked at
MAX_PREVIEW_TITLES = 16  # pieces of a title
MAX_PREVIEW_PROPERTIES = 50
MAX_PREVIEW_NAME = 64
MAX_PREVIEW_VALUE = 1_000  # characters of a title or a description
MAX_PREVIEW_PICTURE = 5 * 1024 * 1024
PREVIEW_TIMEOUT_S = 8  # for the page, and again for its picture
MAX_PREVIEWS_AT_ONCE = 20  # pages asked at the same time
PREVIEW_RETRY_MS = 5_000  # said to those who come when so many are
PREVIEW_FAILURE_MS = 5 * 60 * 1000  # how long it is remembered that a page has nothing to show
PREVIEW_KEPT_MS = 7 * 24 * 3600 * 1000  # how long one may ask what a page looked like
PREVIEW_SWEEP_S = 3_600
PREVIEW_SWEEP = 100  # previews forgotten at once
MAX_TIMESTAMP = 2**53 - 1  # appendices, "Canonical JSON"

# Before /sync
MAX_OLD_EVENTS = 100  # in one answer of the old stream; the rest follows at once in the next
OLD_EVENTS_TIMEOUT_MS = 30_000  # of a caller that names none: "this will block until an event is received"
PEEK_AGAIN_S = 1.0  # how often the old stream looks into a room that its reader is not in
# Group calls (MSC4195)
RTC_PASS_S = 600  # to get to the LiveKit server, which then renews it by itself
RTC_CLOCK_SKEW_S = 30  # between its clock and ours
MIN_RTC_SECRET = 32  # characters: LiveKit asks for as many

# History
MAX_NEAR_ROUNDS = 7
"""Readings for the event of a moment: each four times longer than the one before, some five thousand events in all."""
# Look-ups in other networks
MAX_THIRD_PARTY = 500  # places or people in one answer, all services together
THIRD_PARTY_TIMEOUT_S = 10  # somebody waits for the search
# Thread subscriptions (MSC4306, MSC4308)
MAX_THREAD_SUBSCRIPTIONS = 20_000  # of one person, those ended among them
THREAD_CHANGES = 100  # MSC4308: the default
MAX_THREAD_CHANGES = 500
THREAD_UPDATES = 100  # MSC4360: the default
MAX_THREAD_UPDATES = 250
# Delivering notifications
PUSH_WINDOW = 500  # events looked at in one round
PUSH_UNSAVED = 5_000  # positions without any notification before it is written down how far the duty is
PUSH_IDLE_S = 5.0  # another process may have appended something without waking us
PUSH_ROUND_S = 0.05  # between two rounds: what is said in one breath is decided together
PUSH_SERVED_AT_ONCE = 50  # pushers called at the same time
PUSH_BATCH = 50  # notifications of one pusher sent in one go
PUSH_TIMEOUT_S = 10  # for one answer of a gateway
PUSH_LEASE_MS = 20_000  # a pusher is called by one process at a time; longer than one answer takes
PUSH_RETRY_MS = 1_000  # after a failure, doubled each time
PUSH_MAX_RETRY_MS = 15 * 60 * 1000
PUSH_FRESH_MS = 10 * 60 * 1000  # a gateway away for longer is told of the newest alone
PUSH_GIVE_UP_MS = 24 * 3600 * 1000  # after which even that is nobody's news
PUSH_BADGE_DELAY_MS = 1_000  # several rooms read in a row make one change of the badge
PUSH_LEDGER_MS = 14 * 24 * 3600 * 1000  # how long what became of a notification is kept
PUSH_SWEEP_S = 3600
MAX_PUSH_ANSWER = 64 * 1024
MAX_PUSH_ANSWER_SHOWN = 200  # characters of a gateway's answer in the ledger
MAX_LEDGER_PAGE = 200
MAX_PUSH_DATA = 16 * 1024  # of one pusher
PUSH_TEST_LIMIT = 10  # pushers tried by one press of the button
MAX_MAILED_EVENTS = 500  # looked at for one mail
MAX_MAILED_ROOMS = 20  # named in one mail
MAX_MAILED_NAME = 80  # characters of a room's or a person's name in a mail
PUSH_ACK_MS = 5 * 60 * 1000  # MSC4174: a Web Push client gives its token back within five minutes
NOTICE_SPAN = 5_000  # positions looked at first for a page of notifications, four times more each time
NOTICE_ROWS = 2_000  # notices read at once for it
WEB_PUSH_MAX_BYTES = 4_096  # RFC 8291, section 4: no push service must take more
WEB_PUSH_TTL_S = 24 * 3600  # how long the push service keeps what it cannot deliver
VAPID_LIFETIME_S = 12 * 3600  # RFC 8292, section 2: at most a day
# Room upgrades, spaces and the directory
MAX_HIERARCHY_TOKEN = 2_048  # characters; ours hold two ids and three numbers
# Succession: as many administrators as power levels can name, at some 90 bytes each, well inside MAX_EVENT_BYTES.
MAX_NAMED_LEVELS = 400
# Retention
MIN_RETENTION_MS = DAY_MS  # a shorter lifetime counts as this: what was said can be read, and reported
CLOCK_AHEAD_MS = DAY_MS  # a message dated further ahead than this says nothing of its age
MAX_RETENTION_DAYS = 36_500  # that a setting may name
MAX_CLASSIFICATION = 60  # characters of the words at the top of a room
MAX_CLASSIFICATIONS = 50  # among which a deployment lets its rooms choose
MAX_ATTACHED_MEDIA = 20  # files declared with one event
RETENTION_ROOMS = 500  # looked at in one read
RETENTION_BATCH = 200  # messages removed in one transaction: about 2 ms of the writer
RETENTION_ROOMS_AT_ONCE = 10  # among which one batch is found: each is looked at no further than a batch
RETENTION_FOLLOWERS = 1_000  # edits and reactions removed in one transaction: one message may have any number of them
RETENTION_PAUSE_S = 0.1  # between two transactions: those who write and read come first
MEDIA_DELETIONS = 50  # files removed at once
MEDIA_DELETION_IDLE_S = 5.0  # how long the bytes of a deleted file may outlive it
SEARCH_TIDY_PAGES = 500  # of SQLite's search index rewritten in one transaction: about 25 ms of the writer
SEARCH_TIDY_S = 24 * 3600  # at most how often it is rewritten whole, so that no word outlives its message by more
UNDECLARED_BATCH = 500  # files looked at in one transaction
DEFAULT_DELETIONS = 100  # of one page of the log
MAX_DELETIONS = 1_000
# Administrations that join
DOMAIN_REQUEST_MS = 30 * 24 * 3600 * 1000  # to add a DNS record or reach a postmaster: small town halls take weeks
DOMAIN_PROOF_MS = 7 * 24 * 3600 * 1000  # how long the mail to a postmaster or an authority is good
MAX_DOMAIN_REQUESTS = 10  # under way of one domain: colleagues who do not know of each other
MAX_DOMAIN_REQUESTS_DAY = 20  # begun within a day of one domain
DNS_CHECK_MS = 60_000  # before the DNS is looked at again by itself, doubled each time
MAX_DNS_CHECK_MS = 6 * 3600 * 1000
DNS_CHECK_BATCH = 20  # domains looked at together
DNS_CHECK_IDLE_S = 30.0
MAX_DNS_TIMEOUT_S = 20.0  # a person waits for the answer
MAX_DNS_RECORDS = 40  # of one name and kind; large domains have some twenty TXT records
MAX_DNS_TEXT = 512  # characters of a record that are read and shown
LOOKS_BATCH = 500  # opened domains whose looks are written down at once
LOOKALIKE_CANDIDATES = 3_000  # compared letter by letter with one domain: about 60 ms
MAX_RESEMBLANCES = 20  # shown of one domain
DEFAULT_DOMAIN_REQUESTS = 50
MAX_DOMAIN_REQUESTS_PAGE = 200
MAX_DECISION_REASON = 2_000  # characters told to the requester
DOMAINS_BATCH = 2_000  # domains imported in one transaction
MAX_BAD_LINES = 50  # of an imported file that are told one by one
