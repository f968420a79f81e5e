"""round list, record, match, load, duties; round worksheet export, import."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from app.auth.accounts import actor_of, find_account
from app.changes import drafts
from app.changes.duties import KINDS
from app.changes.models import ChangesetInput
from app.changes.owed import Wanted, duties, known_kinds, known_states
from app.changes.queries import rounds
from app.cli.opening import index_what_is_owed, open_registry
from app.cli.speaking import CommandLine
from app.errors import Invalid
from app.exchange.annex_reading import load_annex_mapping, read_annex
from app.exchange.past_rounds import People, load_rounds
from app.exchange.sheets import every_sheet
from app.exchange.worksheet_files import CellProblem, write_marked, write_worksheets
from app.exchange.worksheets import bring_in, looked_at
from app.privacy import for_the_asker
from app.rounds.matching import is_certain
from app.rounds.recording import Choice, confirm, confirm_certain, drafted_rows, rematch, rows_from
from app.rounds.worksheets import progress, worksheets
from app.settings import Settings
from app.versions.names import names_near
from app.versions.queries import known_at, parse_day, today

console = Console()
STATES = {"open": "未完成", "done": "已完成", "overdue": "未完成"}
rounds_of = CommandLine(help="清理轮次。")
sheets_of = CommandLine(help="清理意见表：导出、填好后导入。")


def register(cli: typer.Typer) -> None:
    rounds_of.add_typer(sheets_of, name="worksheet")
    cli.add_typer(rounds_of, name="round")


RoundName = Annotated[str, typer.Argument(help="轮次的变更单标识")]
AsUser = Annotated[str, typer.Option("--as", help="以哪个账号办理")]


@rounds_of.command("list")
def list_rounds() -> None:
    """列出已发布的清理轮次。"""
    with open_registry(Settings()).reading() as session:
        connection = session.connection()
        for found in rounds(connection, known_at(connection, None)):
            outcomes = "、".join(f"{name} {count}" for name, count in found["outcomes"].items())
            console.print(f"{found['id']}  {found['title']}：{outcomes}", soft_wrap=True)


@rounds_of.command("record")
def record_round(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="附件：CSV、XLSX 或 DOCX")],
    as_user: AsUser,
    title: Annotated[str, typer.Option(help="文件标题")] = "",
    number: Annotated[str | None, typer.Option(help="文号")] = None,
    issuer: Annotated[str | None, typer.Option(help="制定机关")] = None,
    effective: Annotated[str | None, typer.Option(help="施行日期")] = None,
    region: Annotated[str | None, typer.Option(help="制定机关所在地区的标识，优先对应其事项")] = None,
    total: Annotated[int | None, typer.Option(help="文件写明的共多少项")] = None,
    part: Annotated[list[str] | None, typer.Option(help="各类项数，如 取消=128；可重复")] = None,
    mapping: Annotated[Path | None, typer.Option(help="TOML 文件：列名和固定值")] = None,
    annex: Annotated[str | None, typer.Option(help="各行的附件")] = None,
    outcome: Annotated[str | None, typer.Option(help="各行的处理决定（只有标题写明时）")] = None,
    into: Annotated[str | None, typer.Option(help="把各行并入这个起草中的轮次")] = None,
) -> None:
    """依文件补录一个清理轮次：附件的各行按原文录入，并与登记簿匹配。"""
    rows, problems = read_annex(file, load_annex_mapping(mapping, annex=annex, outcome=outcome))
    for problem in problems:
        word = "错误" if problem.severity == "error" else "提示"
        print(f"{word} {problem.where}：{problem.message}（{problem.code}）", file=sys.stderr)
    if any(problem.severity == "error" for problem in problems):
        console.print("文件有错误，没有录入任何一行。")
        raise typer.Exit(1)
    with open_registry(Settings()).writing() as session:
        actor = actor_of(find_account(session, as_user))
        if into is None:
            if not title:
                raise Invalid(
                    "请用 --title 写明文件的标题，或用 --into 写明录入哪个已起草的轮次。", code="title-needed"
                )
            document = {"title": title, "number": number, "issuer": issuer, "effective_on": effective}
            asked = ChangesetInput.model_validate(
                {
                    "title": title,
                    "kind": "round",
                    "reason": "依文件补录",
                    "document": {name: value for name, value in document.items() if value},
                    "stated": {"total": total, "parts": [_part(one) for one in part or ()]},
                    **({"scope": {"region": region}} if region else {}),
                }
            )
            into = drafts.draft(session, actor, asked, today()).id
            made = rows_from(session, actor, into, rows, today())(session)
        else:
            made = rows_from(session, actor, into, rows, today(), add=True)(session)
        told = drafted_rows(session, into)["reconciliation"]["sentences"]
    certain = sum(is_certain(row) for row in made)
    console.print(f"变更单 {into}：录入 {len(rows)} 行，其中 {certain} 行可以一并确认。", soft_wrap=True)
    for sentence in told:
        console.print(sentence, soft_wrap=True)


def _part(written: str) -> dict[str, Any]:
    words, _, count = written.rpartition("=")
    if not words or not (count.isascii() and count.isdigit()):
        raise Invalid(f"“{written}”应写成 取消=128。", code="bad-part")
    return {"words": words, "count": int(count)}


@rounds_of.command("match")
def match_round(
    round_id: RoundName,
    as_user: AsUser,
    certain: Annotated[bool, typer.Option(help="按编码或名称只对应一个事项的，全部确认")] = False,
    row: Annotated[list[str] | None, typer.Option(help="3=qdi-… 表示第3行指这个事项；3= 表示没有")] = None,
    again: Annotated[bool, typer.Option(help="重新查找候选事项")] = False,
) -> None:
    """看补录的各行对应哪些事项，并逐行或一并确认。"""
    with open_registry(Settings()).writing() as session:
        actor = actor_of(find_account(session, as_user))
        if again:
            rematch(session, actor, round_id, today())
        if certain:
            confirm_certain(session, actor, round_id, today())
        if row:
            confirm(session, actor, round_id, [_choice(one) for one in row], today())
        told = drafted_rows(session, round_id)
    for one in told["rows"]:
        if one["state"] != "open":
            shown = f"{one['item'] or '无对应'}（{one['how_label']}）"
        else:
            some = [
                f"{c['item']} {c['name']}（{c['how_label']} {c['score']}%）" for c in one["candidates"][:3]
            ]
            shown = "待确认：" + ("；".join(some) or "没有相近的事项")
        console.print(f"{one['position']}. {one['name']} → {shown}", soft_wrap=True)
    for sentence in told["reconciliation"]["sentences"]:
        console.print(sentence, soft_wrap=True)


def _choice(written: str) -> Choice:
    place, _, item = written.partition("=")
    if not (place.isascii() and place.isdigit()):
        raise Invalid(f"“{written}”应写成 行号=事项编号。", code="bad-choice")
    return Choice(int(place), item.strip() or None)


@rounds_of.command("load")
def load_past(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="各轮次，一行一个：rounds.csv")],
    as_user: AsUser,
    decisions: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="其中的各项决定")
    ] = None,
    review_as: Annotated[str | None, typer.Option(help="审核各轮的账号")] = None,
    publish_as: Annotated[str | None, typer.Option(help="发布各轮的账号")] = None,
) -> None:
    """把历次清理轮次的汇总表补录进来，每轮一份变更单；写明审核和发布的账号则一并走完。"""
    settings = Settings()
    database = open_registry(settings)
    with database.reading() as session:
        people = [
            actor_of(find_account(session, name)) if name else None
            for name in (as_user, review_as, publish_as)
        ]
    assert people[0] is not None
    done = load_rounds(database, People(people[0], people[1], people[2]), file, decisions, today())
    for problem in done.problems:
        word = "错误" if problem.severity == "error" else "提示"
        print(f"{word} {problem.where}：{problem.message}（{problem.code}）", file=sys.stderr)
    if any(problem.severity == "error" for problem in done.problems):
        console.print("文件有错误，没有录入任何轮次。")
        raise typer.Exit(1)
    index_what_is_owed(settings, database)
    word = "并发布" if people[1] and people[2] else "，请提交审核"
    if done.drafted or not done.known:
        console.print(f"补录 {len(done.drafted)} 轮、{done.rows} 行{word}。", soft_wrap=True)
    if done.known:
        console.print(f"已有 {done.known} 轮，没有重复录入。", soft_wrap=True)


@rounds_of.command("duties")
def list_duties(
    kind: Annotated[
        list[str] | None,
        typer.Option(help="acceptance 承接、follow_up 后续、expiry 到期、pending_law 待修法；可重复"),
    ] = None,
    state: Annotated[
        list[str] | None, typer.Option(help="open 未办、done 已办、overdue 逾期；不写为未办和逾期")
    ] = None,
    due_within: Annotated[int | None, typer.Option(min=0, help="多少天内到期的未办事务")] = None,
    on: Annotated[str | None, typer.Option(help="截至哪一天")] = None,
) -> None:
    """列出决定留下的责任：待承接、后续责任、快到期的委托、待修法，逾期的注明。"""
    day = parse_day(on) if on else today()
    wanted = Wanted(
        on=day,
        kinds=known_kinds(kind or ()),
        states=known_states(state or ("open", "overdue")),
        due_within=due_within,
    )
    with open_registry(Settings()).reading() as session:
        connection = session.connection()
        rows = duties(connection, wanted)
        ids = {row[name] for row in rows for name in ("subject", "authority", "region") if row[name]}
        named = names_near(connection, ids, day)
    for row in rows:
        owner = (
            named.get(row["authority"] or "") or named.get(row["region"] or "") or row["words"] or "未写明"
        )
        due = f"{row['due']} 前" if row["due"] else "没有期限"
        late = "，逾期" if row["state"] == "overdue" else ""
        item = named.get(row["subject"], row["subject"])
        said = f"：{row['words']}" if row["words"] and row["words"] != owner else ""
        told = f"{KINDS[row['kind']]}　{item}　{owner}　{due}（{STATES[row['state']]}{late}）{said}"
        console.print(told, soft_wrap=True)
    console.print(f"{day}，共 {len(rows)} 项。")


@sheets_of.command("export")
def export_worksheet(
    round_id: RoundName,
    file: Annotated[Path, typer.Argument(help="写到哪个 XLSX 文件")],
    authority: Annotated[str | None, typer.Option(help="只写这个机关的表：其标识")] = None,
) -> None:
    """把一个轮次的清理意见表写成表格，每个机关一张工作表。"""
    with open_registry(Settings()).reading() as session:
        found = worksheets(session, round_id, today(), authority)
        with for_the_asker():
            file.write_bytes(write_worksheets(session.connection(), found))
        counts = progress(found)
    for one in counts["authorities"]:
        told = (
            f"未提 {one['open']}，待审核 {one['proposed']}，退回 {one['returned']}，已审核 {one['reviewed']}"
        )
        console.print(f"{one['name']}：{one['items']} 项（{told}）", soft_wrap=True)
    console.print(f"已写入 {file}。", soft_wrap=True)


@sheets_of.command("import")
def import_worksheet(
    round_id: RoundName,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="填好的 XLSX 文件")],
    as_user: AsUser,
    reopen: Annotated[bool, typer.Option(help="替换已经复核的意见")] = False,
    seen: Annotated[
        str | None,
        typer.Option(help="与 --reopen 同用：何时看过审核意见（如 2026-09-28T15:00:00），此后审核的不替换"),
    ] = None,
    marked: Annotated[Path | None, typer.Option(help="把标出错误的副本写到这里")] = None,
) -> None:
    """导入填好的清理意见表；有错误则整份退回，逐格说明。"""
    database = open_registry(Settings())
    with database.reading() as session:
        actor = actor_of(find_account(session, as_user))
    filled = bring_in(database, actor, round_id, file, today(), reopen=reopen, seen=looked_at(seen))
    if marked is not None and (filled.problems or filled.kept):
        with for_the_asker():
            marked.write_bytes(write_marked(every_sheet(file), [*filled.problems, *filled.kept]))
    for problem in filled.problems:
        _tell("错误", problem)
    for problem in filled.kept:
        _tell("未改", problem)
    for problem in filled.findings:
        _tell("核对", problem)
    if filled.problems:
        console.print("文件有错误，没有导入任何内容；请改正后重试。")
        raise typer.Exit(1)
    counts = (
        f"新提 {filled.new}，修改 {filled.changed}，重新提出 {filled.reopened}，没有变化 {filled.unchanged}"
    )
    console.print(f"已导入：{counts}。", soft_wrap=True)


def _tell(word: str, problem: CellProblem) -> None:
    print(f"{word} {problem.where}：{problem.message}（{problem.code}）", file=sys.stderr)
