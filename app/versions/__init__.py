"""The versioned core: one kernel for every noun that changes. It knows no noun.

shapes      building blocks of content models
ids         registry ids
fold        content on a day: the pure heart
folds       states folded once for all who ask
models      the tables
restoring   what a redacted decision still does
orders      what is asked of a publication
rows        contents by hash and numbered rows
histories   what is published about subjects, read in bulk
revising    which revisions a history comes to (pure)
beginning   subjects that are founded and no more said of
laying_out  a publication worked out, without writing
recording   writing a publication: the one place that inserts published rows
timeline    what follows from the revisions as known now (derived)
queries     State(D, T) and what hangs on it
visibility  what may be shown in public
codes       who holds a code
names       what subjects were called, and when
history     intervals, decisions and the documents behind them
standing    every subject of a kind on a day, as known then
subjects    one subject on a day
covered     entries beside the rows they cover
row_marks   what tells which row of an entry was changed
verifying   proof that log, hashes and timeline agree
"""
