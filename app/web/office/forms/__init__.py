"""What the forms of every room stand on: fields and rows, what is typed and kept, the draft that is made of it, files,
citations, and work that takes longer than one waits."""

from app.web.office.forms import attaching, citing

PARTS = (attaching, citing)
