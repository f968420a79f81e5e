"""The access log, for the auditor: who signed in, was refused, exported, read what is not public. An auditor with a
scope reads what the accounts within it did."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from dataclasses import asdict, dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import text
from sqlmodel import Session, select

from app.auth.access_reading import Filter, noted
from app.auth.accounts import find_account, signs_of_accounts
from app.auth.actor import Actor
from app.auth.models import Account
from app.auth.within import accounts_within
from app.deps import ReadSession
from app.errors import Invalid, NotFound, RegistryError
from app.versions.queries import SHANGHAI, moment, parse_day, today
from app.web.office.doors.pages import PRIVATE, show
from app.web.office.doors.visiting import Visitor, typed_day

router = APIRouter()
ROWS, MOST = 100, 100_000
EVENTS = {
    "signed-in": "登录",
    "signed-out": "退出",
    "signed-out-everywhere": "退出所有登录",
    "sign-in-refused": "登录被拒",
    "password-refused": "密码不对（修改密码、停用验证器、签发令牌）",
    "refused": "越权被拒",
    "token-refused": "令牌被拒",
    "staff-read": "查看未公开内容",
    "export": "导出",
    "account-added": "添加账号",
    "account-managed": "管理账号",
    "account-changed": "改变权限或范围",
    "account-renamed": "改显示的名字",
    "account-locked": "锁定账号",
    "account-unlocked": "解锁账号",
    "redacted": "依令删改",
    "token-issued": "签发令牌",
    "tokens-revoked": "撤销令牌",
    "password-set": "设置密码",
    "totp-on": "启用验证器",
    "totp-off": "停用验证器",
    "identity-linked": "关联统一身份",
    "identity-unlinked": "解除统一身份的关联",
    "token-rotated": "更换令牌",
    "webhook-added": "建立事件订阅",
    "webhook-rotated": "更换事件订阅的密钥",
    "webhook-managed": "重新投递、暂停或恢复事件订阅",
    "webhook-ended": "取消事件订阅",
    "log-read": "查看访问日志",
    "feedback-answered": "答复反馈",
    "feedback-dismissed": "反馈作为无关内容办结",
    "left-out": "太多，未逐条记下",
}
NOTES = {
    "blocked": "输错太多次，等待时间未过",
    "wrong-password": "密码不对",
    "wrong-code": "验证码不对",
    "totp": "用了验证器",
    "oidc": "经统一身份认证",
    "elsewhere": "另一处的登录",
    "unknown-identity": "没有关联账号",
    "account-locked": "账号已锁定",
    "sign-on-unknown": "不是这个浏览器发起的，或已经用过",
    "sign-on-late": "超过了十分钟",
    "provider-refused": "认证方没有通过",
    "provider-away": "认证方连不上",
    "provider-set-wrong": "认证方的设置不对",
    "missing-right": "没有权限",
    "staff-only": "没有权限",
    "read-only-key": "令牌只能读取",
    "out-of-scope": "不在管理范围内",
    "not-in-table": "没有开放的地址",
    "cross-site": "不是从本站页面发出的",
    "rights": "改权限和范围",
    "name": "改名字",
    "lock": "锁定",
    "unlock": "解锁",
    "password": "重设密码",
    "unpair": "停用验证器",
    "link": "关联统一身份",
    "unlink": "解除统一身份的关联",
    "token": "撤销令牌",
    "tokens": "撤销全部令牌",
    "resend": "重新投递",
    "pause": "暂停",
    "resume": "恢复",
}
"""What the log notes by a code; a reason or a name that somebody typed stands as it is."""
_FREE = frozenset(
    {
        "account-locked",
        "account-unlocked",
        "account-changed",
        "account-renamed",
        "token-issued",
        "tokens-revoked",
        "redacted",
    }
)
"""Events whose note is what somebody typed."""
_BEFORE = re.compile(r"(\d{1,17})-(\d{1,17})")


@dataclass
class Asked:
    """What the form asks for, as it was typed; the file of the log takes the same."""

    event: Annotated[str, Query(max_length=40)] = ""
    who: Annotated[str, Query(max_length=100)] = ""
    about: Annotated[str, Query(max_length=200)] = ""
    address: Annotated[str, Query(max_length=100)] = ""
    since: Annotated[str, Query(max_length=20)] = ""
    until: Annotated[str, Query(max_length=20)] = ""
    refused: Annotated[str, Query(max_length=1)] = ""

    def filter(self, session: Session, reader: Actor) -> Filter:
        """Raises NotFound for an unknown person, Invalid for a day that is none and a span that runs backwards."""
        first, last = (typed_day(one.strip()) for one in (self.since, self.until))
        since = _begins(parse_day(first, "起始日期")) if first else None
        until = _begins(parse_day(last, "截止日期"), days_later=1) if last else None
        if since is not None and until is not None and until <= since:
            raise Invalid("截止日期在起始日期之前，请对调或改正。", code="span-reversed", field="until")
        who = self.who.strip()
        return Filter(
            event=self.event,
            account=_account(session, who, reader) if who else None,
            about=self.about.strip(),
            address=self.address.strip(),
            refused=bool(self.refused),
            since=since,
            until=until,
            reader=reader,
            on=today(),
        )


Asking = Annotated[Asked, Depends()]


@router.get("/office/access-log")
def access_log(
    request: Request,
    session: ReadSession,
    present: Visitor,
    asked: Asking,
    before: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """``before``: the time and number of the last row of the page before."""
    said, status = "", 200
    found: list[dict[str, Any]] = []
    try:
        found = _rows(session, asked.filter(session, present.actor), before, ROWS + 1)
    except RegistryError as error:
        said, status = error.message, error.status
    last = found[ROWS - 1] if len(found) > ROWS else None
    return show(
        request,
        session.connection(),
        present,
        "administering/access-log.html",
        status=status,
        said=said,
        found=found[:ROWS],
        following=f"{last['when']}-{last['id']}" if last else None,
        before=before,
        asked=asked,
        most=MOST,
        query=urlencode({name: value for name, value in asdict(asked).items() if value}),
        events=EVENTS,
        bounded=bool(present.actor.region or present.actor.authority),
    )


@router.get("/office/access-log.csv")
def export_log(present: Visitor, session: ReadSession, asked: Asking) -> Response:
    """The newest rows of those asked for, as CSV; that it was taken is itself in the log."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["编号", "时间（北京时间）", "事件", "账号", "对象", "地址", "备注"])
    for row in _rows(session, asked.filter(session, present.actor), "", MOST):
        cells = [row["id"], row["here"], row["what"], row["who"], row["subject"], row["address"], row["note"]]
        writer.writerow([_plain(cell) for cell in cells])
    headers = {**PRIVATE, "Content-Disposition": 'attachment; filename="access-log.csv"'}
    return Response("\ufeff" + out.getvalue(), headers=headers, media_type="text/csv; charset=utf-8")


def _rows(session: Session, wanted: Filter, before: str, limit: int) -> list[dict[str, Any]]:
    place = _BEFORE.fullmatch(before)
    found = noted(session.connection(), wanted, (int(place[1]), int(place[2])) if place else None, limit)
    names = signs_of_accounts(session, {row.account for row in found})
    return [
        {
            "id": row.id,
            "when": row.at,
            "at": moment(row.at),
            "seconds": f":{_here(row.at):%S}",
            "here": f"{_here(row.at):%Y-%m-%d %H:%M:%S.%f}",
            "what": EVENTS.get(row.event, row.event),
            "account": row.account,
            "who": names.get(row.account, str(row.account)) if row.account else "",
            "subject": row.subject or "",
            "address": row.address or "",
            "note": _told(row.event, row.note or ""),
        }
        for row in found
    ]


def _told(event: str, note: str) -> str:
    if event in _FREE:
        return note
    by, _, why = note.partition(" ")
    return f"{NOTES[by]}：{NOTES.get(why, why)}" if by == "oidc" and why else NOTES.get(note, note)


def _here(at: int) -> dt.datetime:
    """A moment of the log as the clock here has it."""
    return dt.datetime.fromtimestamp(at // 1_000_000, SHANGHAI).replace(microsecond=at % 1_000_000)


def _account(session: Session, who: str, reader: Actor) -> int:
    """The number of an account by its name, or by itself: of one that is gone, too; or by the name that people are
    shown, of those in the reader's scope. Raises NotFound, Invalid where that is the name of several."""
    try:
        return find_account(session, who).id or 0
    except NotFound as error:
        if who.isascii() and who.isdigit() and len(who) < 10:
            return int(who)
        within, held = accounts_within(reader, today())
        named = select(Account).where(Account.display_name == who, *(text(one) for one in within))
        shown = session.exec(named.limit(10), params=held).all()
        if len(shown) == 1:
            return shown[0].id or 0
        if shown:
            listed = "、".join(one.name for one in shown)
            raise Invalid(
                f"叫“{who}”的不止一人，请写账号名：{listed}。", code="name-of-several", field="who"
            ) from error
        raise NotFound(
            f"没有名为“{who}”的账号，请核对；也可以写账号的编号。", code="unknown-account"
        ) from error


def _begins(day: str, days_later: int = 0) -> int:
    """The first moment of a day here, or of a later one, in UTC microseconds."""
    begins = dt.datetime.combine(dt.date.fromisoformat(day), dt.time(), SHANGHAI)
    return int((begins + dt.timedelta(days=days_later)).timestamp()) * 1_000_000


def _plain(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
