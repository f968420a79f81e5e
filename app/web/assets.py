"""Our own stylesheet, icon and scripts, served under their content hash so that browsers may keep them for good."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

from fastapi import APIRouter, Request, Response

from app.errors import NotFound
from app.manners import accepts_gzip
from app.saying import said

DIRECTORY = Path(__file__).parent / "static"
TYPES = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".js": "text/javascript; charset=utf-8"}
FILES = {path.name: path.read_bytes() for path in sorted(DIRECTORY.iterdir()) if path.suffix in TYPES}
PACKED = {name: gzip.compress(body, mtime=0) for name, body in FILES.items()}
DIGESTS = {name: hashlib.sha256(body).hexdigest()[:16] for name, body in FILES.items()}

router = APIRouter(include_in_schema=False)


def asset(name: str) -> str:
    """The address of a file of ours."""
    return f"/static/{DIGESTS[name]}/{name}"


@router.api_route("/static/{digest}/{name}", methods=["GET", "HEAD"])
def get_asset(request: Request, digest: str, name: str) -> Response:
    """A file of ours; only under the hash of what it is now."""
    if DIGESTS.get(name) != digest:
        raise NotFound(said("没有这个文件。"), code="unknown-asset")
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "X-Content-Type-Options": "nosniff",
        "Vary": "Accept-Encoding",
    }
    body = FILES[name]
    if accepts_gzip(request.headers.get("accept-encoding", "")):
        body, headers["Content-Encoding"] = PACKED[name], "gzip"
    return Response(body, media_type=TYPES[Path(name).suffix], headers=headers)
