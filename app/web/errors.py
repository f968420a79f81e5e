"""Errors as pages for people; everything else gets a problem document."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response


def wants_page(request: Request) -> bool:
    return False


def page(request: Request, status: int, message: str, detail: dict[str, Any] | None) -> Response:
    return Response(message, status_code=status, media_type="text/plain; charset=utf-8")
