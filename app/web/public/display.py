"""Setting how pages look."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response

from app.web.display import COOKIE, YEAR_SECONDS, chosen, local, toggled
from app.web.rendering import SECURITY

router = APIRouter()


@router.api_route("/display", methods=["GET", "HEAD"])
def set_display(
    request: Request,
    toggle: Annotated[Literal["large", "contrast"], Query()],
    back: Annotated[str, Query(max_length=4000)] = "/",
) -> Response:
    """Turn a choice on or off and go back."""
    place = quote(local(back), safe="/-._~?&=%:+,;@!$'()*#")
    answer = Response(status_code=303, headers=SECURITY | {"Location": place, "Cache-Control": "no-store"})
    value = toggled(chosen(request), toggle)
    if value:
        answer.set_cookie(COOKIE, value, max_age=YEAR_SECONDS, httponly=True, samesite="lax")
    else:
        answer.delete_cookie(COOKIE)
    return answer
