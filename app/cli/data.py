"""import, export, seed, search, verify, backup, restore, redact."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app import backups
from app.auth.accounts import actor_of, find_account
from app.auth.passwords import POLICIES
from app.auth.showing import shown
from app.changes import duties, kinds, remnants
from app.changes.quoting import documents_of, redacted_words
from app.changes.redacting import redact as redact_content
from app.cli.erasing import erase
from app.cli.opening import find_registry, index_what_is_owed, open_registry, tell_progress
from app.cli.proofs import verify_edition
from app.db import Database
from app.errors import Invalid, Unavailable
from app.exchange import drafting, importing, seeding
from app.exchange.cases import CASES, seed_case, source_of, where_to_look
from app.exchange.dumping import write_dump
from app.exchange.every_problem import Listing, write_report
from app.exchange.exporting import export_lines
from app.exchange.mapping import load_mapping
from app.exchange.quality import KINDS, placed
from app.files import unsound
from app.indexing import compare, is_missing, repair
from app.lists import signing
from app.privacy import for_the_asker
from app.searching import open_engine, page_of
from app.settings import Settings
from app.versions import verifying
from app.versions.queries import parse_day, today
from search.engine import EngineError

console = Console()


def register(cli: typer.Typer) -> None:
    cli.command("import")(import_file)
    for command in (export, seed, search, verify, backup, restore, redact):
        cli.command()(command)


def import_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV、XLSX 或 JSON 行文件")],
    mapping: Annotated[str, typer.Option(help="自带映射的名称，或一个 TOML 文件")] = "qingdan",
    attested: Annotated[str | None, typer.Option(help="来源所证明的日期，如 2026-09-28")] = None,
    initial: Annotated[bool, typer.Option(help="首次录入：直接发布；只用于尚无变更的登记簿")] = False,
    as_user: Annotated[str | None, typer.Option("--as", help="由哪个账号起草变更单")] = None,
    dry_run: Annotated[bool, typer.Option(help="只核对和报告，不写入")] = False,
    report: Annotated[
        Path | None, typer.Option(dir_okay=False, help="把每个问题逐条写入这个文件：.xlsx、.csv 或 .json")
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="有几张工作表时，取哪一张")] = None,
    closes: Annotated[
        int | None, typer.Option(help="首次录入完成后，一并结束这个编号的中断了的首次录入，不再继续")
    ] = None,
) -> None:
    """导入文件：先整体核对，再首次录入或起草变更单。"""
    settings = Settings()
    day = date.fromisoformat(parse_day(attested, "--attested ")) if attested else None
    if not (initial or dry_run or as_user):
        raise Invalid(
            "请用 --as 写明由哪个账号起草，或用 --initial 首次录入，或先 --dry-run 核对。", code="no-mode"
        )
    if report is not None and not report.parent.is_dir():
        raise Invalid(f"没有文件夹 {report.parent}，--report 无处可写；请改正。", code="no-folder")
    load_mapping(mapping)  # a bad one ends the command before anything is opened or shown
    database = find_registry(settings) if dry_run else open_registry(settings)
    every = Listing() if report is not None else None
    with tell_progress(file.name) as tell:
        if dry_run or database is None:
            imported = importing.rehearse(
                file, mapping, today(), day, tell, database, sheet, every, initial=initial
            )
        elif initial:
            imported = importing.import_initial(database, file, mapping, day, tell, sheet, every, closes)
        else:
            with database.reading() as session:
                actor = actor_of(find_account(session, as_user or ""))
            imported = drafting.import_draft(database, actor, file, mapping, today(), day, tell, sheet, every)
    if database is not None and imported.publications:
        index_what_is_owed(settings, database)
    print(imported.reading.quality.text(errors=not imported.reading.refused))
    if report is not None and every is not None:
        with for_the_asker():
            write_report(report, imported.reading.quality, every)
        console.print(f"全部 {every.total} 处已逐条写入 {report}。", soft_wrap=True)
    elif imported.reading.quality.is_cut:
        console.print(
            "以上每类只举几处；用 --report 文件名（.xlsx、.csv 或 .json）写出全部。", soft_wrap=True
        )
    _tell_import(imported, dry_run)
    if dry_run and database is None:
        console.print("没有登记簿可以对照，未核对行政区划、实施机关和所引用的是否已有，上级是否成环。")


def _tell_import(imported: importing.Imported, dry_run: bool) -> None:
    refused = imported.reading.refused
    if refused:
        for problem in imported.reading.problems:
            if problem.severity == "error":
                print(f"错误 {placed(problem.where, problem.message)}（{problem.code}）", file=sys.stderr)
        console.print("文件有错误，没有导入任何内容；请改正后重试。")
        raise typer.Exit(1)
    if dry_run:
        console.print(f"核对通过，共 {imported.records} 条；没有写入任何内容。")
        if imported.waiting < imported.records:
            console.print(f"与登记簿比较：{_counted(imported)}", soft_wrap=True)
        return
    rows = imported.reading.quality.rows
    console.print(f"读入 {rows} 行，共 {imported.records} 条。{_counted(imported)}", soft_wrap=True)
    if imported.changesets:
        drafted = "、".join(f"{label} {count}" for label, count in imported.outcomes.most_common())
        console.print(f"处理决定：{drafted}。", soft_wrap=True)
    for changeset in imported.changesets:
        console.print(f"已起草变更单 {changeset}，请提交审核。")
    for run in imported.unfinished:
        console.print(
            f"此前的首次录入 {run.id}（{run.name}，映射 {run.mapping}）中断了，还没有完成，登记簿仍标明不完整："
            "本文件没有它已录入的全部主键，不能代替它。请再次导入原来的文件，或导入含有那些主键的改正后的文件；"
            f"确实不再继续的，再次导入本文件并加上 --closes {run.id}。",
            soft_wrap=True,
        )


def _counted(imported: importing.Imported) -> str:
    """What became of the records, kind by kind, items first. The numbers add up to all records."""
    parts = []
    for kind, title in reversed(KINDS.items()):
        created, changed, same, left = (
            counts[kind]
            for counts in (imported.created_of, imported.changed_of, imported.same_of, imported.left_of)
        )
        if created or changed or same or left:
            between = f"变更 {changed}，" if changed else ""
            after = f"，未采纳 {left}（原因见上）" if left else ""
            parts.append(f"{title}：新增 {created}，{between}无变化 {same}{after}")
    if imported.waiting:
        parts.append(f"尚未起草 {imported.waiting}")
    return "；".join(parts) + "。" if parts else ""


def export(
    file: Annotated[
        Path | None, typer.Argument(dir_okay=False, help="写到哪个文件；不写则输出到屏幕")
    ] = None,
    on: Annotated[str | None, typer.Option(help="截至哪一天")] = None,
    dump: Annotated[
        Path | None, typer.Option(file_okay=False, help="在此目录写出压缩文件，附校验和与日志头")
    ] = None,
) -> None:
    """把某日的全部公开事项导出为 JSON 行；--dump 写成压缩文件，附校验和与日志头。"""
    day = parse_day(on) if on else today()
    if dump is not None:
        told = write_dump(open_registry(Settings()), dump, day, today())
        console.print(f"已写出 {told['file']}：{told['items']} 个事项，日志头 {told['seq']}:{told['hash']}。")
        return
    with open_registry(Settings()).reading() as session:
        with for_the_asker():
            stream = file.open("wb") if file else sys.stdout.buffer
        count = 0
        for line in export_lines(session.connection(), day, today()):
            stream.write(line)
            count += 1
        stream.flush()
        if file:
            stream.close()
            console.print(f"已导出 {count} 个事项到 {file}。")


def seed(
    case: Annotated[
        str | None,
        typer.Option(
            help="改为载入算例：yizhang、ningxia、shizuishan、lianhu、devolution（轮次），bundles（联办）"
        ),
    ] = None,
) -> None:
    """向空的登记簿载入示范数据，或（--case）一个可以逐位核对的算例。"""
    settings = Settings()
    if case is not None:
        _seed_case(settings, case)
        return
    database = open_registry(settings)
    with database.reading() as session:
        usable = seeding.is_empty(session) or seeding.is_half_done(session) or seeding.is_done(session)
    if not usable:
        raise Invalid("登记簿不是空的，不能载入示范数据。", code="not-empty")
    with tell_progress("示范数据") as tell:
        signer = signing.load(signing.ensure(settings))
        count = seeding.seed(database, today(), tell=tell, signer=signer)
    index_what_is_owed(settings, database)
    console.print(f"完成：{count} 次发布。" if count else "示范数据已在登记簿中，没有变化。")


def _seed_case(settings: Settings, name: str) -> None:
    if name not in CASES:
        raise Invalid(f"没有名为“{name}”的算例，可用的有：{'、'.join(CASES)}。", code="unknown-case")
    database = open_registry(settings)
    with database.reading() as session:
        usable = seeding.is_empty(session) or seeding.is_half_done(session, source_of(name))
    if not usable:
        raise Invalid("登记簿不是空的，不能载入算例；请换一个空的数据目录。", code="not-empty")
    with tell_progress("算例") as tell:
        count = seed_case(database, name, today(), tell)
    index_what_is_owed(settings, database)
    console.print(f"完成：{count} 次发布。事项都是合成的，{where_to_look(name)}。")


def search(
    q: Annotated[str, typer.Argument(help="查找的词")],
    on: Annotated[str | None, typer.Option(help="截至哪一天")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 10,
) -> None:
    """检索事项。"""
    settings = Settings()
    day = parse_day(on) if on else today()
    engine = open_engine(settings)
    database = open_registry(settings)
    with database.reading() as session:
        page = page_of(engine, session.connection(), q=q, on=day, limit=limit)
    if page.get("degraded"):
        console.print("检索引擎暂时不可用，以下只按名称查找。")
    elif engine is not None and is_missing(database, engine):
        console.print("检索索引是空的，请运行 qingdan reindex。")
        raise typer.Exit(1)
    if not page["hits"] and not page["total"]:
        tries = "可以换个说法、少写几个字，或输入编码；查往日的事项请用 --on。"
        console.print(f"没有找到。{tries}", soft_wrap=True)
        return
    console.print(f"共 {page['total']} 个" + ("（没有完全匹配，以下为近似结果）" if page["relaxed"] else ""))
    for hit in page["hits"]:
        console.print(f"{hit['id']}  {hit['name']}  〔{hit['layer']}〕 {hit['code'] or ''}", soft_wrap=True)


def verify(
    head: Annotated[str | None, typer.Option(help="另处留存的日志头，写作 序号:哈希")] = None,
    rebuild_derived: Annotated[bool, typer.Option("--rebuild", help="先重建由日志推出的各表")] = False,
    search_index: Annotated[bool, typer.Option("--search", help="同时对照检索索引，有不符即修复")] = False,
    edition: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="改为离线核验这份下载的清单"),
    ] = None,
    proof_file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="--edition 为 CSV 等文件时，同一份清单的 JSON 文件"),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(help="与 --edition 同用：可信的公钥或其标识，或存下的 /api/v1/keys；可重复"),
    ] = None,
) -> None:
    """核验日志、哈希、版本、时间线和附件；发现第一处不符即报告。--edition 离线核验一份下载的清单。"""
    settings = Settings()
    if edition is not None:
        verify_edition(settings, edition, proof_file, key or [], _head(head) if head else None)
        return
    database = open_registry(settings)
    if rebuild_derived:
        with database.writing() as session:
            count = verifying.rebuild(session.connection(), kinds.describe)
            duties.rebuild(session.connection())
        console.print(f"已重建 {count} 个主体的时间线。")
    kept = _head(head) if head else None
    with database.reading() as session:
        proof = verifying.verify(session.connection(), kinds.describe, kept)
        finding = (
            proof.finding
            or duties.differs(session.connection())
            or unsound(session.connection(), settings.files_dir)
        )
    if finding is not None:
        print(f"核验不通过：{finding}", file=sys.stderr)
        raise typer.Exit(1)
    word = "未被改动" if proof.against_head else "一致（没有留存的日志头可比，不能断言未被改动）"
    console.print(
        f"{word}：{proof.entries} 条日志、{proof.rows} 行、{proof.contents} 份内容、{proof.subjects} 个主体"
        + (f"，其中依令删改 {proof.redacted} 份" if proof.redacted else "")
        + "。"
    )
    if proof.head:
        console.print(f"日志头 {proof.head.seq}:{proof.head.hash}", soft_wrap=True)
    if search_index:
        _verify_search(settings, database)


def _verify_search(settings: Settings, database: Database) -> None:
    """Tell how the index differs from the registry, and repair it. Raises Unavailable where it is away."""
    engine = open_engine(settings)
    if engine is None:
        raise Unavailable("没有检索引擎可核验。", code="search-away")
    try:
        found = compare(database, engine)
        if found.items:
            repair(database, engine, found)
    except EngineError as error:
        raise Unavailable(f"检索引擎无法应答，未能核验：{error}", code="search-away") from error
    finally:
        engine.close()
    if not found.items:
        console.print(f"检索索引与登记簿一致：{found.documents} 个文档。")
        return
    counts = f"缺少 {len(found.missing)}、内容不符 {len(found.differing)}、多出 {len(found.extra)}"
    console.print(f"检索索引有 {len(found.items)} 个事项与登记簿不符（{counts}），已修复。")


def _head(asked: str) -> tuple[int, str]:
    seq, _, digest = asked.partition(":")
    if not (seq.isascii() and seq.isdigit() and len(seq) < 19) or len(digest) != 64:
        raise Invalid("--head 应写成 序号:哈希，即 /api/v1/log/head 给出的两项。", code="bad-head")
    return int(seq), digest


def backup(target: Annotated[Path, typer.Argument(help="写到哪个目录或 .tar.gz 文件")]) -> None:
    """在运行中备份：数据库、附件和日志头。"""
    settings = Settings()
    made = backups.backup(settings, target)
    console.print(f"已备份到 {made.path}，日志头 {made.seq}:{made.hash}", soft_wrap=True)
    key = signing.path_of(settings)
    if key.exists():
        console.print(f"备份不含清单的签名私钥 {key}，请另行妥善保存。", soft_wrap=True)


def restore(source: Annotated[Path, typer.Argument(exists=True, help="backup 写出的备份")]) -> None:
    """从备份恢复到空的数据目录，并对照备份时的日志头核验。"""
    settings = Settings()
    made = backups.restore(settings, source)
    index_what_is_owed(settings, open_registry(settings))
    console.print(f"已恢复并核验，日志头 {made.seq}:{made.hash}", soft_wrap=True)
    with open_registry(settings).reading() as session:
        if signing.is_away(session.connection(), settings):
            console.print(
                f"登记簿在用的签名密钥不在这台机器上：请把原来的密钥文件放到 {signing.path_of(settings)}，"
                "确已丢失的运行 qingdan key rotate；在此之前不能签发清单。",
                soft_wrap=True,
            )
    if made.lost:
        console.print(
            f"备份里有 {len(made.lost)} 份附件缺失或已损坏，没有恢复；请从别处找回，按原样重新上传：",
            soft_wrap=True,
        )
        for digest in made.lost:
            console.print(digest)
        raise typer.Exit(1)


def redact(
    content: Annotated[list[str], typer.Argument(help="要删改的内容或附件的哈希；同一命令可有几个")],
    order: Annotated[str, typer.Option(help="所依据的命令：文号和日期")],
    reason: Annotated[str, typer.Option(help="理由")],
    first: Annotated[str, typer.Option(help="下令人的账号，须有发布权且未停用")],
    second: Annotated[str, typer.Option(help="第二人（确认人）的账号，要求相同")],
) -> None:
    """依令删改一份内容的文字或一份附件，哈希与日志保持可核验。两人各自输入本人的令牌或登录密码。"""
    settings = Settings()
    database = open_registry(settings)
    policy = POLICIES[settings.password_policy]
    actors = [shown(database, name, _secret_of(name), policy) for name in (first, second)]
    with database.writing() as session:
        asked = remnants.sought(session.connection(), content)
        documents = documents_of(session.connection(), content)
        receipts = [redact_content(session, actors[0], actors[1], one, order, reason) for one in content]
        left = remnants.left(session.connection(), asked)
        quoted = redacted_words(session.connection(), documents)
    for one, receipt in zip(content, receipts, strict=True):
        console.print(f"已删改 {one}，日志序号 {receipt.seq}。", soft_wrap=True)
    is_done = erase(settings, database, quoted)
    if left:
        console.print(f"相同的文字还在另外 {len(left)} 处，没有删改；要一并删去的，请另下命令写明这些哈希：")
    for line in left:
        console.print(f"  {line}", soft_wrap=True, markup=False)
    if not is_done:
        raise typer.Exit(1)


def _secret_of(name: str) -> str:
    """Typed unseen by the person at the terminal; else a line of standard input."""
    if sys.stdin.isatty():
        return str(typer.prompt(f"账号“{name}”的令牌或登录密码", hide_input=True))
    return sys.stdin.readline().rstrip("\n")
