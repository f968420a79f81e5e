"""One filled 清理意见表 against one round: its rows, which of them say something new, and what the rules make of them.

A row that nobody touched since it was written out is passed over, whatever the registry holds by now; one that says
what is proposed already changes nothing; one that another has changed meanwhile, or the office has reviewed, is
not overwritten without saying so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlmodel import Session

from app.auth.actor import Actor
from app.changes.models import DecisionInput
from app.changes.reviews import covers
from app.errors import RegistryError
from app.exchange.worksheet_cells import (
    EDITABLE,
    ITSELF,
    Cells,
    Faulty,
    common,
    mark_of,
    says_whole,
)
from app.exchange.worksheet_files import CellProblem
from app.exchange.worksheet_handing import is_plain
from app.exchange.worksheet_names import Names
from app.exchange.worksheet_new import NewRows
from app.exchange.worksheet_owing import owed
from app.exchange.worksheet_rows import decision_of, is_beyond_sheet, sheet_cells_of
from app.exchange.worksheet_sheets import FilledSheets, SheetRow
from app.rounds.proposing import Weighed, may_propose, weigh
from app.rounds.worksheets import Line, worksheets

MOST_PROBLEMS = 20_000
TOLD = 500
"""Problems that an answer lists; a marked copy has them all."""


@dataclass(slots=True)
class Filled:
    """What reading a file came to. With problems nothing was written."""

    problems: list[CellProblem] = field(default_factory=list)
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    reopened: int = 0
    kept: list[CellProblem] = field(default_factory=list)
    """Rows that the office has reviewed and that say something else: left as they are."""
    findings: list[CellProblem] = field(default_factory=list)
    """What the checks find in the proposals; kept with them for the office."""

    def told(self) -> dict[str, Any]:
        def rows(some: Sequence[CellProblem]) -> list[dict[str, Any]]:
            return [
                {
                    "sheet": one.sheet,
                    "row": one.row,
                    "column": one.column,
                    "code": one.code,
                    "message": f"{one.where}：{one.message}",
                }
                for one in some[:TOLD]
            ]

        counts = {name: getattr(self, name) for name in ("new", "changed", "unchanged", "reopened")}
        return {**counts, "kept": rows(self.kept), "findings": rows(self.findings)} | (
            {"errors": rows(self.problems)} if self.problems else {}
        )


@dataclass(slots=True)
class Wanted:
    """A proposal to be made, with the row it comes from."""

    row: SheetRow
    decision: DecisionInput


class Reading:
    """One file against one round."""

    def __init__(
        self,
        session: Session,
        actor: Actor,
        round_id: str,
        today: str,
        reopen: bool,
        seen: int | None = None,
    ) -> None:
        self.session, self.actor, self.today, self.reopen, self.seen = session, actor, today, reopen, seen
        self.standing = may_propose(session, actor, round_id)
        self.opened = self.standing.opened
        found = worksheets(session, round_id, today)
        self.organs = found.names
        self.names = Names(session.connection(), found)
        self.new_rows = NewRows(session.connection(), self.names, self.opened.day, today)
        self.lines: dict[str, Line] = self.names.lines
        self.filled = Filled()
        self.weighed: Weighed | None = None
        """What the rules made of all the touched rows together."""

    def read(self, path: Path) -> tuple[Filled, list[Wanted]]:
        rows = FilledSheets(path, self.lines, self.organs, self._now, self._note).rows()
        if not rows and not self.filled.problems:
            self.filled.problems.append(
                CellProblem(
                    path.name, 1, "", "no-rows", "没有找到清理意见表的表头（编号……），请用本轮导出的表格填写"
                )
            )
        touched = [row for row in rows if self._is_touched(row)]
        wanted = self._merges(rows, touched)
        for row in touched:
            if row.item in self._merged:
                continue
            try:
                decision = self._decision(row)
                wanted.append(Wanted(row, DecisionInput.model_validate(decision)))
            except Faulty as fault:
                self._wrong(row, fault.column, fault.code, fault.message)
        if not self.filled.problems:
            self._weigh(wanted)
        else:
            self._weigh([one for one in wanted if one.decision.outcome != "merge"])
        self.filled.problems.sort(key=lambda one: (one.sheet, one.row))
        return self.filled, wanted

    def _decision(self, row: SheetRow) -> dict[str, Any]:
        if row.new:
            return self.new_rows.decision(self.lines.get(row.item), row.cells, row.authority)
        return decision_of(self.lines[row.item], row.cells, self.names)

    def _now(self, line: Line) -> Cells:
        """A line's cells as they would be written out now."""
        return self.new_rows.cells(line) if line.new else sheet_cells_of(line, self.opened.day, self.names)

    def _wrong(self, row: SheetRow, column: str, code: str, message: str) -> None:
        self._note(row.problem(column, code, message))

    def _note(self, problem: CellProblem) -> None:
        if len(self.filled.problems) < MOST_PROBLEMS:
            self.filled.problems.append(problem)

    # --- which rows say something new

    def _is_touched(self, row: SheetRow) -> bool:
        """Whether the row says something that is not proposed yet, and may be taken; else told or passed over."""
        if not row.item:
            return True
        line = self.lines[row.item]
        now = self._now(line)
        if mark_of(row.cells) == row.mark or row.cells == now or _is_blank(row.cells, now):
            self.filled.unchanged += 1
            return False
        if line.state == "reviewed" and not self.reopen:
            said = line.proposal.reviewer if line.proposal else None
            word = "已经由法制办审核" if said else "已经由法制办列入决定"
            message = f"这一行{word}，没有改动；要改，请先请法制办退回"
            self.filled.kept.append(row.problem("outcome", "already-reviewed", message))
            return False
        if line.state == "reviewed" and self._is_reviewed_since(line):
            message = "您打开导入的页面之后，法制办审核了这一行，没有改动；看过审核意见，再重新提出"
            self.filled.kept.append(row.problem("outcome", "reviewed-meanwhile", message))
            return False
        if line.filed_under not in (None, row.item) and row.cells["outcome"] == now["outcome"]:
            body = line.proposal.body if line.proposal else line.final
            if body and not is_plain(body):
                message = (
                    f"这一项和别的事项一起处理，请改{self.names.item_words(str(line.filed_under))}的那一行"
                )
                self._wrong(row, "outcome", "written-elsewhere", message)
                return False
        if not line.new and is_beyond_sheet(line, self.names):
            message = "这条清理意见含有表格写不下的内容，请在网页或接口上修改，本行请照原样"
            self._wrong(row, "outcome", "beyond-sheet", message)
            return False
        theirs = line.proposal is not None and line.proposal.account != self.actor.account
        if theirs and mark_of(now) != row.mark:
            message = f"导出之后别人改过这一行（现为“{now['outcome']}”），请重新导出后再填"
            self._wrong(row, "outcome", "changed-meanwhile", message)
            return False
        return True

    def _is_reviewed_since(self, line: Line) -> bool:
        """Whether the office has reviewed it since whoever asks to reopen it looked."""
        at = line.proposal.reviewed_at if line.proposal else None
        return self.seen is not None and at is not None and at > self.seen

    # --- merges

    def _merges(self, rows: Sequence[SheetRow], touched: Sequence[SheetRow]) -> list[Wanted]:
        """A proposal for each item that others are merged into, where any of their rows was touched."""
        groups: dict[str, list[SheetRow]] = {}
        self._merged: set[str] = set()
        whole = {row.item for row in rows if says_whole(row.cells)}
        for row in (one for one in rows if not one.new):
            if row.cells["outcome"] == "合并" and row.item not in whole:
                self._merged.add(row.item)
                if (target := self._target(row)) and target not in whole:
                    groups.setdefault(target, []).append(row)
        moved = {row.item for row in touched}
        left = {self.lines[item].filed_under for item in moved if item}
        wanted = []
        for target, some in groups.items():
            if target not in left and not any(row.item in moved for row in some):
                continue
            first = next((row for row in some if row.item in moved), some[0])
            if self._is_unseen(target, first, rows):
                continue
            try:
                decision = (
                    common(first.cells)
                    | owed(first.cells, self.names)
                    | {
                        "outcome": "merge",
                        "origins": [
                            {"subject": one} for one in dict.fromkeys([target, *(row.item for row in some)])
                        ],
                        "results": [{"subject": target}],
                    }
                )
                if len(decision["origins"]) < 2:
                    raise Faulty(
                        "receiver", "nothing-merged", "没有别的事项并入它；请在并入的各行写明它的编号"
                    )
                wanted.append(Wanted(first, DecisionInput.model_validate(decision)))
            except Faulty as fault:
                self._wrong(first, fault.column, fault.code, fault.message)
        return wanted

    def _is_unseen(self, target: str, first: SheetRow, rows: Sequence[SheetRow]) -> bool:
        """Whether the merger would take the place of what another has proposed and the file does not show; then
        told."""
        stood = self.lines[target].proposal
        if stood is None or stood.account == self.actor.account:
            return False
        marks = {row.item: row.mark for row in rows}
        about = [one for one in dict.fromkeys([target, *covers(stood.body)]) if one in self.lines]
        if all(marks.get(one) == mark_of(self._now(self.lines[one])) for one in about):
            return False
        message = f"导出之后别人对并入的“{self.lines[target].name}”提了意见，请重新导出后再填"
        self._wrong(first, "receiver", "changed-meanwhile", message)
        return True

    def _target(self, row: SheetRow) -> str | None:
        """The item of the scope that a row is merged into, by id, code or name; None, and a problem, for none."""
        asked = row.cells["receiver"]
        if asked in (ITSELF, row.item):
            return row.item
        if asked and (found := self.names.item(asked)):
            return found
        word = "没有写明并入哪个事项" if not asked else f"“{asked[:30]}”不是范围内唯一的事项"
        self._wrong(row, "receiver", "unknown-target", f"{word}，请在承接方写它的编号")
        return None

    # --- rules

    def _weigh(self, wanted: Sequence[Wanted]) -> None:
        """Ask the rules of all rows at once; where they refuse, of each by itself, to tell every faulty one."""
        if not wanted:
            return
        try:
            self.weighed = self._asked(wanted)
        except RegistryError as error:
            found = len(self.filled.problems)
            for one in wanted:
                self._weigh_alone(one)
            if len(self.filled.problems) == found:  # it is between them
                place = error.detail.get("decision")
                self._refused(wanted[place - 1 if place else 0].row, error)
            return
        for finding in self.weighed.findings:
            row = wanted[finding["decision"] - 1].row
            self.filled.findings.append(row.problem("outcome", finding["code"], finding["message"]))

    def _asked(self, wanted: Sequence[Wanted]) -> Weighed:
        asked = [one.decision for one in wanted]
        return weigh(self.session, self.actor, self.standing, asked, self.today)

    def _weigh_alone(self, one: Wanted) -> None:
        try:
            self._asked([one])
        except RegistryError as error:
            self._refused(one.row, error)

    def _refused(self, row: SheetRow, error: RegistryError) -> None:
        place = "decision" in error.detail
        message = error.message.split("：", 1)[-1] if error.message.startswith("第") else error.message
        self._wrong(row, "outcome" if place else "", error.code, message.rstrip("。"))


def _is_blank(cells: Cells, now: Cells) -> bool:
    """Whether a row says nothing, and nothing is proposed; the day alone says nothing."""
    return not now["outcome"] and not any(cells[name] for name in EDITABLE if name != "day")
