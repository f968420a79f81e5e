"""Qingdan (清单): an open registry for administrative approval items. The map, in the order of imports:
a module imports only from lines above its own, and freely within its package; the edges (api, web, cli)
do not import each other. ``tests/test_structure.py`` reads the order from here.

client       a client of the API, as others use it; imports nothing of the rest
settings     one Settings class; every variable with the reason beside it
privacy      what the registry keeps is made for its owner alone
errors       what can go wrong, by name: message and status, no HTTP
saying       words that pages say from code, in the language of whoever asks
wording      validation errors in the reader's words
collecting   bulk work and the collector of cycles
canonical    canonical JSON: the bytes that are hashed, stored and served
db           engine, reading(), writing(), statements; what differs between SQLite and PostgreSQL is here, save
             triggers (guards), a file's backup (backups) and the busiest doors' own connections (snapshots)
unwritable   a disk that is full or may only be read, told as a refusal
guards       triggers that refuse to change what is published
snapshots    read-only snapshots on the driver's own connections, for the busiest doors
log          the publication log (chained) and the access log
turns        what one process at a time does beside answering, in a thread of its own
works        work that takes long: done apart, left, and found again by whatever process is asked
watching     waiting for the log to grow, without a connection or a thread for each who waits
stopping     being told that the process is to stop while it still answers
measuring    counts and times of requests, told by /metrics
log_lines    logs for machines, each line with the id of its request
limiting     how often one may ask: buckets by address and by key
manners      what every answer of the API says around its body
noting       access notes that anybody can cause: bounded, written together
outbox       work owed after commit: keys, never payloads
files        attachments by content hash
idempotency  answers to repeated POSTs
versions     the kernel: subject, revision, State(D, T), fold, void, lineage, timeline, content; knows no noun
places       regions and authorities
listing      subjects on a day: by filter, in pages, counted
recalling    the same as known at an earlier time: from revisions, bounded
auth         who acts: actor, tokens, accounts
unsaved      forms that a person is filling in, kept by person and place until they are saved
law          instruments and their versions, articles
items        content (the one shape), codes, reading one, looking up many
deadlines    working days, due dates
catalogue    catalogue entries
bundles      items handled together (并联审批, 一件事): order, time, materials once each
checks       the catalogue's lint: one file per check; findings over all items; overlaps, levels
changes      changeset, decisions, outcomes (pure), review, publishing
rounds       cleanup rounds: adding up, reports
lists        lists of an authority or region as of a day
feedback     what the public reports, and its answer
exchange     every format in and out
hooks        webhooks: subscriptions, deliveries, sending
tables       every table in one import
migrating    bringing a database to the current schema
moving       every row as JSON lines, from one database into another
indexing     revision -> search document; drains the outbox into the engine
kept         answers and rendered pages, kept as they are sent
behind       what readers are answered without until it is worked out behind them
costly       what takes a pass over much: worked out once for each state of the log, by few at a time
searching    search as pages and API both ask it
backups      backup while running, restore elsewhere
plainly      parameters of an address, where they need no explaining
deps         what routes may ask for; a request commits here
api          edge: JSON under /api/v1, one file per noun
web          edge: pages
refusing     errors as answers: pages for people, problem documents
guarding     around every request: its id, limits, sizes
loading      what is loaded behind the first answers
main         create_app(settings): routers, error handlers, lifespan
bench        the figures to reach, measured
cli          edge: the command line; starts what is above
"""
