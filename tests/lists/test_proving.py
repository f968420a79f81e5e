"""The file of an edition proves itself: against a key or a head that was kept, and nothing in it may be changed."""

from __future__ import annotations

import copy

import orjson
import pytest
from issuing_editions import file_of, found, issue, prepare, settings_in, signer_in
from registry import TODAY, adjust
from sqlmodel import SQLModel

from app import log
from app.changes.redacting import redact
from app.db import insert_rows
from app.errors import Conflict, Invalid, Unavailable
from app.lists import rotating, signing
from app.lists.composing import endorsed
from app.lists.proving import prove


@pytest.fixture
def signer(tmp_path):
    return signer_in(tmp_path)


def proved(document, keys=(), head=None):
    return prove(orjson.dumps(document), keys, head)[0]


def head_of(office):
    with office.database.reading() as session:
        found = log.head(session.connection())
    return found.seq, found.hash


def test_by_the_file_alone_it_is_consistent_not_proved(office, signer):
    verdict = proved(file_of(office, issue(office, signer)))
    assert (verdict.ok, verdict.proved, verdict.rows) == (True, False, 2), verdict.wrong


def test_a_trusted_key_or_a_kept_head_prove_it(office, signer):
    edition = issue(office, signer)
    issued_at = head_of(office)
    for month in (10, 11, 12):
        office.publish_change(adjust(office.items[0], f"2026-{month}-01", month))
    document = file_of(office, edition)
    assert proved(document, [signer.id]).trusted
    for head in (issued_at, head_of(office)):
        verdict = proved(document, (), head)
        assert (verdict.ok, verdict.against_head) == (True, True), verdict.wrong
    assert not proved(document, ["0" * 64]).ok
    assert not proved(document, (), (issued_at[0], "0" * 64)).ok
    assert "早于" in proved(document, (), (1, "0" * 64)).wrong
    short = file_of(office, edition, until=issued_at[0])
    assert len(short["log"]) == 1
    assert "重新下载" in proved(short, (), head_of(office)).wrong


def test_a_file_reaches_the_head_however_long_the_log(office, signer):
    edition = issue(office, signer)
    first = head_of(office)
    with office.database.writing() as session:
        append(session.connection(), 10_050)
    head = head_of(office)
    document = file_of(office, edition)
    assert len(document["log"]) == 10_051
    verdict = proved(document, (), head)
    assert (verdict.wrong, verdict.head, verdict.last) == (None, head, head)
    short = file_of(office, edition, until=first[0] + 10_010)
    assert (len(short["log"]), short["log"][-1]["seq"]) == (10_011, first[0] + 10_010)


def append(connection, count):
    """So many entries that cover nothing, behind the last."""
    seq, prev, at = log.head(connection)
    rows = []
    for _ in range(count):
        seq, at = seq + 1, at + 1
        chain = log.Chain(prev, seq, at)
        rows.append((seq, at, log.ENTRY_FORMAT, prev, chain.rows(), chain.digest()))
        prev = rows[-1][-1]
    columns = ("seq", "recorded_at", "format", "prev", "rows", "hash")
    insert_rows(connection, SQLModel.metadata.tables["log_entry"], columns, rows)


def leaves(value, path=()):
    if isinstance(value, dict):
        for name, part in value.items():
            yield from leaves(part, (*path, name))
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from leaves(part, (*path, place))
    else:
        yield path, value


def test_no_value_can_be_changed(office, signer):
    edition = issue(office, signer)
    office.publish_change(adjust(office.items[0], "2026-12-01", 5))
    document, head = file_of(office, edition), head_of(office)
    tried = 0
    for path, value in leaves(document):
        forged = copy.deepcopy(document)
        place = forged
        for part in path[:-1]:
            place = place[part]
        place[path[-1]] = value + 1 if isinstance(value, int) else f"{value or ''}x"
        verdict = proved(forged, [signer.id], head)
        assert not verdict.ok, path
        tried += 1
    assert tried > 60


def test_a_row_cannot_be_left_out_or_put_in(office, signer):
    document = file_of(office, issue(office, signer))
    without = copy.deepcopy(document)
    without["rows"][0] = None
    assert "没有删改它的命令" in proved(without).wrong
    fewer = copy.deepcopy(document)
    fewer["rows"].pop()
    assert not proved(fewer).ok
    for junk in (b"", b"[]", b"{}", b'{"format":"qingdan-edition-file/1"}', b"PK\x03\x04"):
        assert not prove(junk)[0].ok


def test_another_key_cannot_sign_for_the_registry(office, signer, tmp_path):
    document = file_of(office, issue(office, signer))
    (tmp_path / "other").mkdir()
    other = signer_in(tmp_path / "other")
    forged = copy.deepcopy(document)
    forged["public_key"], forged["edition"]["key"] = other.public, other.id
    from app.lists.composing import signed

    forged["signature"] = other.sign(signed(forged["edition"]))
    assert not proved(forged, [signer.id]).ok


def test_redacted_by_order_is_said_and_proved(office, signer):
    edition = issue(office, signer)
    content = office.scalars(
        f"SELECT content FROM timeline WHERE subject_id = '{office.items[0]}' AND content IS NOT NULL"
    )[0]
    with office.database.writing() as session:
        redact(session, office.publisher, office.person("second", "publish"), content, "令", "个人信息")
    document = file_of(office, edition)
    assert "取水许可1" not in orjson.dumps(document).decode()
    verdict = proved(document, [signer.id], head_of(office))
    assert (verdict.ok, verdict.rows, verdict.redacted, verdict.unproved) == (True, 1, 1, 0), verdict.wrong
    for keys, head in (([signer.id], None), ((), (document["log"][0]["seq"], edition_hash(document)))):
        verdict = proved(document, keys, head)
        assert (verdict.proved, verdict.redacted, verdict.claimed, verdict.unproved) == (True, 0, 1, 1)
    short = file_of(office, edition, until=document["log"][0]["seq"])
    assert "没有删改它的命令" in proved(short).wrong


def test_an_invented_order_proves_nothing(office, signer):
    """Anybody can append an entry that names what he would rather not show."""
    document, head = file_of(office, issue(office, signer)), head_of(office)
    forged = with_orders(document, document["edition"]["content"], document["edition"]["statement"])
    forged |= {"statement": None, "list": None, "title": "国务院权力清单（第99版）"}
    forged["rows"] = [{"item": "qdi-00000000", "source": "0", "lines": [["X", "伪造的处罚权", "行政处罚"]]}]
    empty = forged | {"rows": []}
    plain = empty | {"title": "权力清单（第1版）"}
    hidden = with_orders(document, document["list"]["rows"][0])
    hidden["rows"][0], hidden["missing"] = None, {document["list"]["rows"][0]: "redacted"}
    for keys, known in (([signer.id], None), ((), head), ([signer.id], head)):
        assert "应有 0 项" in proved(forged, keys, known).wrong
        assert "标题" in proved(empty, keys, known).wrong
        assert proved(plain, keys, known).parts == {"签发文件和标题": False, "清单": False}
        verdict = proved(hidden, keys, known)
        assert (verdict.wrong, verdict.rows, verdict.redacted, verdict.unproved) == (None, 1, 0, 1)


def test_an_order_that_the_head_reaches_takes_the_whole_list(office, signer):
    edition = issue(office, signer)
    with office.database.writing() as session:
        redact(
            session,
            office.publisher,
            office.person("second", "publish"),
            edition.row["content"],
            "令",
            "理由",
        )
    document = file_of(office, found(office, edition.row["id"]))
    verdict = proved(document, (), head_of(office))
    assert (verdict.wrong, verdict.parts, verdict.unproved) == (None, {"清单": True}, 0)
    document["rows"] = [{"item": "qdi-00000000", "source": "0", "lines": [["X", "伪造", "行政处罚"]]}]
    assert not proved(document, (), head_of(office)).ok


def test_what_is_called_not_public_is_the_files_own_word(office, signer):
    document, head = file_of(office, issue(office, signer)), head_of(office)
    document["missing"] = {document["list"]["rows"][0]: "withheld"}
    assert "不是这一版清单缺少的项" in proved(document, [signer.id], head).wrong
    document["rows"][0] = None
    verdict = proved(document, [signer.id], head)
    assert (verdict.wrong, verdict.rows, verdict.withheld, verdict.unproved) == (None, 1, 1, 1)
    assert proved(document | {"changes": {}}, [signer.id], head).strange == ["changes"]


def with_orders(document, *contents):
    """The file with an invented log entry behind the last, which takes these contents away."""
    forged = copy.deepcopy(document)
    last, names = forged["log"][-1], log.FORMATS["redaction/1"][1]
    seq = last["seq"] + 1
    lines = [
        ["redaction/1", *({"seq": seq + n, "content": one}.get(name, 0) for name in names)]
        for n, one in enumerate(contents)
    ]
    told = {"format": last["format"], "seq": seq + len(lines), "recorded_at": last["recorded_at"] + 1}
    forged["log"].append({**told, "lines": lines})
    return forged


def edition_hash(document):
    """The hash of the edition's own log entry."""
    verdict = proved(document | {"log": document["log"][:1], "missing": {}, "rows": []})
    assert verdict.last is not None
    return verdict.last[1]


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path):
    settings = settings_in(tmp_path / "new")
    path = signing.ensure(settings)
    assert path.stat().st_mode & 0o777 == 0o600
    body = path.read_bytes()
    assert signing.ensure(settings) == path
    assert path.read_bytes() == body
    assert sorted(one.name for one in path.parent.iterdir()) == [path.name]
    path.chmod(0o644)
    with pytest.raises(Invalid, match="chmod 600"):
        signing.load(path)


def test_a_named_key_that_is_not_there_is_not_made(tmp_path):
    settings = settings_in(tmp_path)
    settings.signing_key = str(tmp_path / "elsewhere.pem")
    with pytest.raises(Unavailable, match="QINGDAN_SIGNING_KEY"):
        signing.ensure(settings)
    (tmp_path / "elsewhere.pem").write_text("no key")
    (tmp_path / "elsewhere.pem").chmod(0o600)
    with pytest.raises(Invalid, match="私钥"):
        signing.load(tmp_path / "elsewhere.pem")


def test_a_retired_key_stays_known_and_signs_no_more(office, signer, tmp_path):
    edition = issue(office, signer)
    new = rotating.rotate(office.database, settings_in(tmp_path), "年度更换")
    assert signer_in(tmp_path) == new
    with office.database.reading() as session:
        keys = signing.told(session.connection())
    assert [(one["id"], one["state"]) for one in keys] == [(new.id, "current"), (signer.id, "retired")]
    assert signing.is_signed(signer.public, keys[0]["endorsement"], endorsed(new.public))
    with pytest.raises(Conflict, match="停用"):
        issue(office, signer)
    again = issue(office, new)
    for one in (edition, again):
        assert proved(file_of(office, one), [new.id, signer.id]).trusted
    office.assert_sound()


def test_a_key_that_turned_up_by_itself_signs_nothing(office, signer, tmp_path):
    """As on a machine where a backup was restored: it has no private key, so one is made."""
    issue(office, signer)
    elsewhere = tmp_path / "elsewhere"
    stranger = signer_in(elsewhere)
    with pytest.raises(Conflict, match="不是登记簿在用的那一个"):
        issue(office, stranger)
    assert office.count("signing_key") == 1
    with office.database.reading() as session:
        assert signing.is_away(session.connection(), settings_in(elsewhere))
        assert not signing.is_away(session.connection(), settings_in(tmp_path))
    new = rotating.rotate(office.database, settings_in(elsewhere), "原密钥丢失")
    assert issue(office, new).row["key"] == new.id
    with office.database.reading() as session:
        assert signing.recorded(session.connection())[-1]["endorsed_by"] is None, "nobody vouches for it"
        assert not signing.is_away(session.connection(), settings_in(elsewhere))


def test_rotation_goes_on_where_it_was_killed(office, signer, tmp_path, monkeypatch):
    issue(office, signer)
    settings = settings_in(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(rotating, "_record", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            rotating.rotate(office.database, settings, "更换")
    assert signer_in(tmp_path) == signer
    new = rotating.rotate(office.database, settings, "更换")
    assert (office.count("signing_key"), signer_in(tmp_path)) == (2, new)


def test_a_key_never_used_is_replaced_without_a_word_in_the_log(office, signer, tmp_path):
    new = rotating.rotate(office.database, settings_in(tmp_path), "更换")
    assert (office.count("signing_key"), new.id != signer.id) == (0, True)
    prepare(office, on=TODAY)
