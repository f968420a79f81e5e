"""A form that was posted after its session had ended is not lost: it waits in the page on which to sign in again.

Nothing of it is stored: the fields travel hidden in the pages, never a password, and are posted on by a button once
the same person is signed in; the page says what the button does. Files are not kept; they are chosen again. What
binds the office (approving, publishing) is asked for anew, on the page that shows what is bound.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.auth.signing_in import Present
from app.items.field_words import word_of
from app.web.gate import Elsewhere

PREFIX = "kept:"
WHERE = f"{PREFIX}/"
"""The field that says where the form was posted to; no field of a form is called ``/``."""
WHO = f"{PREFIX}@"
"""The field that says whose form it is: the number of the account."""
SECRET = frozenset({"password", "old", "new", "again", "code"})
"""Fields of the forms about accounts; elsewhere ``code``, ``old`` and ``new`` are an item's or an article's."""
_SECRETIVE = re.compile(r"/office/(account|code)")
UNWRITTEN = frozenset(
    {"do", "stands", "was", "version", "read", "back", "called", "touched", "shown", "page"}
)
"""Fields that nobody fills in; of a form about several, the first part of their names."""
_BINDING = re.compile(r"/(approve|publish|confirm|issue|sign-out)$")
ACTIONS = {
    "/office/code": "第二重验证",
    "/office/account/password": "更换密码",
    "/office/account/totp": "设置动态验证码",
    "/office/account/sessions": "退出其他登录",
    "/office/account/tokens": "签发或撤销令牌",
    "/office/items/new": "新增事项",
    "/office/items/{item}/edit": "修改事项",
    "/office/items/{item}/end": "取消、暂停或恢复事项",
    "/office/items/{item}/void/{act}": "撤除一项处理决定",
    "/office/changesets/{changeset}/submit": "提交变更单",
    "/office/changesets/{changeset}/take-back": "取回变更单",
    "/office/changesets/{changeset}/withdraw": "撤回变更单",
    "/office/changesets/{changeset}/comment": "对变更单写意见",
    "/office/changesets/{changeset}/exceptions": "准予变更单的检查例外",
    "/office/changesets/{changeset}/exceptions/{number}/end": "收回变更单的检查例外",
    "/office/changesets/{changeset}/return": "退回变更单",
    "/office/checks/run": "检查全部事项",
    "/office/checks/exceptions": "准予检查例外",
    "/office/checks/exceptions/{number}/end": "收回检查例外",
    "/office/editions": "拟一版清单",
    "/office/editions/{edition}/return": "退回清单",
    "/office/editions/{edition}/withdraw": "撤回清单",
    "/office/rounds/new": "新开一轮清理",
    "/office/rounds/record": "录入一份文件",
    "/office/rounds/{changeset}/rows": "录入文件的各行",
    "/office/rounds/{changeset}/rows/match": "确认各行对应的事项",
    "/office/rounds/{changeset}/head": "修改这一轮的标题和文件",
    "/office/rounds/{changeset}/proposals": "提出清理意见",
    "/office/rounds/{changeset}/opinions": "审核清理意见",
    "/office/rounds/{changeset}/items/{item}/proposal": "对一个事项提出清理意见",
    "/office/rounds/{changeset}/items/{item}/opinion": "审核一个事项的清理意见",
    "/office/rounds/{changeset}/items/{item}/form": "在表单里对一个事项提出清理意见",
    "/office/rounds/{changeset}/new": "在这一轮新增事项",
    "/office/rounds/{changeset}/new/remove": "从这一轮撤下新增的事项",
    "/office/duties/{act}/{key}/accept": "承接一个事项",
    "/office/duties/{act}/{key}/fulfil": "完成一件后续责任",
    "/office/duties/{act}/{key}/renew": "续一次委托",
    "/office/rounds/{changeset}/worksheets": "导入清理意见表",
    "/office/rounds/{changeset}/submit": "提交这一轮清理",
    "/office/rounds/{changeset}/take-back": "取回这一轮清理",
    "/office/rounds/{changeset}/withdraw": "撤回这一轮清理",
    "/office/rounds/{changeset}/return": "退回这一轮清理",
    "/office/accounts": "新增账号",
    "/office/accounts/{number}": "修改账号",
    "/office/webhooks/{webhook}": "办理一个事件订阅",
    "/office/overlaps": "处理疑似重复的事项",
    "/office/law/{law}": "修改或废止一个文件",
    "/office/law-changes/{act}": "处理法规变动涉及的事项",
    "/office/many": "批量改动事项",
    "/office/many/file": "导入改过的事项表",
    "/office/authorities/new": "设立机关",
    "/office/authorities/{authority}": "机关合并、拆分、更名或撤销",
    "/office/imports/{arrival}/draft": "起草导入的变更单",
    "/office/calendar": "修改工作日历",
    "/office/feedback": "暂存写好的答复",
    "/office/feedback/{number}": "答复一条反馈",
}
"""Address -> what posting to it does. One that is not here is not carried."""
_ACTIONS = [
    (re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))), words) for path, words in ACTIONS.items()
]
Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Kept:
    """A form as it was: where it is to be posted, what that does in words, whose it is."""

    where: str
    action: str
    account: int | None
    fields: Pairs

    @property
    def without_secrets(self) -> bool:
        """Whether what the form held of passwords and codes was left out."""
        return is_secretive(self.where)

    @property
    def written(self) -> Pairs:
        """What it says, to be read and copied: fields by their words, without what the page itself put into it."""
        return [
            (word_of(name), value)
            for name, value in self.fields
            if value and name.split("/")[0] not in UNWRITTEN
        ]


def is_secretive(where: str) -> bool:
    """Whether the forms posted there hold secrets under the names in ``SECRET``."""
    return bool(_SECRETIVE.match(where))


def action_of(where: str) -> str:
    """What posting there does, in words; empty for what is not carried over a sign-in."""
    path = where.partition("?")[0]
    if _BINDING.search(path):
        return ""
    return next((words for pattern, words in _ACTIONS if pattern.fullmatch(path)), "")


class SignInAgain(Elsewhere):
    """Sign in, and go on with what was posted; ``waiting`` answers it."""


class PayFirst(SignInAgain):
    """The session owes something (a code, a new password): that first, and then on with what was posted."""

    def __init__(self, path: str, present: Present) -> None:
        super().__init__(path)
        self.present = present


class TurnedAway(SignInAgain):
    """The account may not do this, or no longer; ``message`` says why. What was typed stays in the page."""

    def __init__(self, message: str, present: Present) -> None:
        super().__init__("/office")
        self.message, self.present = message, present


def kept_in(pairs: Pairs) -> Pairs:
    """The fields that a page carries along."""
    return [(name, value) for name, value in pairs if name.startswith(PREFIX)]


def unpacked(kept: Pairs) -> Kept:
    """The form that a page carries; no action where there is none, or none that is carried."""
    told = dict(kept)
    where, number = told.get(WHERE, ""), told.get(WHO, "")
    account = int(number) if number.isascii() and number.isdigit() and len(number) < 10 else None
    fields = [(name.removeprefix(PREFIX), value) for name, value in kept if name not in (WHERE, WHO)]
    return Kept(where, action_of(where), account, fields)
