"""The access log, for the auditor: who signed in, was refused, exported, read what is not public."""

from __future__ import annotations

import csv
import io
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import text
from sqlmodel import Session

from app.auth.accounts import names_of_accounts
from app.deps import ReadSession
from app.versions.queries import moment
from app.web.office.pages import PRIVATE, show
from app.web.office.visiting import Visitor

router = APIRouter()
ROWS, MOST = 100, 100_000
EVENTS = {
    "signed-in": "登录",
    "signed-out": "退出",
    "signed-out-everywhere": "退出所有登录",
    "sign-in-refused": "登录被拒",
    "password-refused": "密码不对（修改密码、停用验证器）",
    "refused": "越权被拒",
    "token-refused": "令牌被拒",
    "staff-read": "查看未公开内容",
    "export": "导出",
    "account-added": "添加账号",
    "account-managed": "管理账号",
    "account-changed": "改变权限或范围",
    "account-locked": "锁定账号",
    "account-unlocked": "解锁账号",
    "redacted": "依令删改",
    "token-issued": "签发令牌",
    "tokens-revoked": "撤销令牌",
    "password-set": "设置密码",
    "totp-on": "启用验证器",
    "totp-off": "停用验证器",
    "token-rotated": "更换令牌",
    "webhook-added": "建立事件订阅",
    "webhook-rotated": "更换事件订阅的密钥",
    "webhook-managed": "重新投递、暂停或恢复事件订阅",
    "webhook-ended": "取消事件订阅",
    "log-read": "查看访问日志",
    "feedback-answered": "答复反馈",
}
Event = Annotated[str, Query(max_length=40)]
Before = Annotated[int, Query(ge=0, le=2**62)]


@router.get("/office/access-log")
def access_log(
    request: Request, session: ReadSession, present: Visitor, event: Event = "", before: Before = 0
) -> Response:
    found = _rows(session, event, before, ROWS + 1)
    return show(
        request,
        session.connection(),
        present,
        "access-log.html",
        found=found[:ROWS],
        following=found[ROWS - 1]["id"] if len(found) > ROWS else None,
        event=event,
        events=EVENTS,
    )


@router.get("/office/access-log.csv")
def export_log(present: Visitor, session: ReadSession, event: Event = "") -> Response:
    """The newest rows as CSV; that it was taken is itself in the log."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["编号", "时间", "事件", "账号", "对象", "地址", "备注"])
    for row in _rows(session, event, 0, MOST):
        cells = [row["id"], row["at"], row["what"], row["who"], row["subject"], row["address"], row["note"]]
        writer.writerow([_plain(cell) for cell in cells])
    headers = {**PRIVATE, "Content-Disposition": 'attachment; filename="access-log.csv"'}
    return Response("\ufeff" + out.getvalue(), headers=headers, media_type="text/csv; charset=utf-8")


def _rows(session: Session, event: str, before: int, limit: int) -> list[dict[str, Any]]:
    rows = session.connection().execute(
        text(
            "SELECT id, at, event, account, subject, address, note FROM access_log"
            " WHERE (:event = '' OR event = :event) AND (:before = 0 OR id < :before) ORDER BY id DESC LIMIT :limit"
        ),
        {"event": event, "before": before, "limit": limit},
    )
    found = rows.all()
    names = names_of_accounts(session, {row.account for row in found})
    return [
        {
            "id": row.id,
            "at": moment(row.at),
            "what": EVENTS.get(row.event, row.event),
            "who": names.get(row.account, str(row.account)) if row.account else "",
            "subject": row.subject or "",
            "address": row.address or "",
            "note": row.note or "",
        }
        for row in found
    ]


def _plain(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
