"""一次性告知单 and 办事指南: page, PDF and DOCX say the same, and which revision they show."""

from __future__ import annotations

import io
import re

import docx
import pypdf
import pytest
from reading import BROWSER, read
from seeded import FELLING, Living, new_item

from app.exchange import pdf
from app.exchange.handouts import qr_svg
from app.limiting import Queue

HAVE_FONT = pdf._fonts("") is not None
needs_font = pytest.mark.skipif(not HAVE_FONT, reason="no Chinese font on this machine (fonts-noto-cjk)")
SAND = "从事营利性治沙活动新办许可（县级权限）"
RARE = "䶮𬭚县㐂㙦镇道路命名"


def words_of_pdf(body: bytes) -> str:
    reader = pypdf.PdfReader(io.BytesIO(body))
    return re.sub(r"\s", "", "".join(page.extract_text() for page in reader.pages))


def words_of_docx(body: bytes) -> str:
    document = docx.Document(io.BytesIO(body))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return re.sub(r"\s", "", "".join([one.text for one in document.paragraphs] + cells))


def get(living: Living, path: str) -> bytes:
    answer = living.client.get(path, headers=BROWSER)
    assert answer.status_code == 200, answer.text[:500]
    return answer.content


def test_the_notice_says_what_to_bring_and_what_is_still_missing(asking: Living) -> None:
    item = asking.item_called(FELLING)
    page = read(asking, f"/items/{item}/notice", have="m1")
    assert "一次性告知单" in page.words
    assert "共 2 份材料，已备 1 份，还缺 1 份。" in page.words
    boxes = [one for one in page.named("input") if one.get("type") == "checkbox"]
    assert ["checked" in one for one in boxes] == [True, False]
    assert "告知人：" in page.words
    assert page.section("申报条件") == "未提供"


def test_the_guide_has_the_nine_disclosures(asking: Living) -> None:
    page = read(asking, f"/items/{asking.item_called(FELLING)}/guide")
    for heading in (
        "服务内容",
        "审批依据",
        "申报条件",
        "申报材料",
        "办理程序",
        "办结时限",
        "收费标准",
        "受理结果",
        "投诉渠道",
    ):
        assert page.section(heading), heading
    assert "《中华人民共和国森林法》第五十六条" in page.section("审批依据")


def test_a_handout_says_which_revision_it_shows_and_its_code_leads_there(asking: Living) -> None:
    item = asking.item_called(FELLING)
    page = read(asking, f"/items/{item}/notice", on="2025-07-01")
    assert "2025年7月1日的内容，版本" in page.words
    seq = re.search(r"截至日志第 (\d+) 号", page.words)
    assert seq
    address = f"http://testserver/items/{item}?on=2025-07-01&known_at={seq[1]}"
    assert address in page.words
    assert qr_svg(address) in page.html
    assert "20个工作日" in read(asking, address.removeprefix("http://testserver")).section("承诺时限")


def test_the_notice_of_a_cancelled_item_warns_first(asking: Living) -> None:
    page = read(asking, f"/items/{asking.item_called(SAND)}/notice")
    assert "此事项已终止，自 2025年10月1日起。以下内容仅供查考，请勿据以办事。" in page.words
    assert "此后怎么办：取消后改为备案" in page.words


@needs_font
@pytest.mark.parametrize("kind", ["notice", "guide"])
def test_the_pdf_says_what_the_page_says(asking: Living, kind: str) -> None:
    path = f"/items/{asking.item_called(FELLING)}/{kind}"
    words = words_of_pdf(get(asking, f"{path}.pdf"))
    for shown in (
        "林木采伐许可证核发（县级权限）",
        "伐区调查设计材料",
        "20个工作日",
        "要求依据：《中华人民共和国森林法》第五十八条",
    ):
        assert shown in words, shown
    assert read(asking, path).words.count("未提供") == words.count("未提供")


@needs_font
def test_the_pdf_embeds_its_fonts_and_is_tagged(asking: Living) -> None:
    reader = pypdf.PdfReader(io.BytesIO(get(asking, f"/items/{asking.item_called(FELLING)}/notice.pdf")))
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert str(reader.trailer["/Root"]["/Lang"]).startswith("zh")
    fonts = [
        font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        for page in reader.pages
        for font in page["/Resources"]["/Font"].values()
    ]
    assert fonts
    assert all("/FontFile2" in one or "/FontFile3" in one for one in fonts)


@needs_font
def test_the_same_revision_is_the_same_file(asking: Living) -> None:
    path = f"/items/{asking.item_called(FELLING)}/guide.pdf"
    assert get(asking, path) == get(asking, path)


@needs_font
def test_rare_characters_of_names_are_printed(living_sqlite: Living) -> None:
    living_sqlite.publish(new_item(living_sqlite, RARE))
    item = living_sqlite.item_called(RARE)
    assert RARE in words_of_pdf(get(living_sqlite, f"/items/{item}/notice.pdf"))
    assert RARE in words_of_docx(get(living_sqlite, f"/items/{item}/notice.docx"))
    assert RARE in read(living_sqlite, f"/items/{item}/notice").words


def test_without_a_chinese_font_the_download_says_what_to_install(
    asking: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "FAMILIES", ("No Such Font",))
    pdf._fonts.cache_clear()
    try:
        page = read(asking, f"/items/{asking.item_called(FELLING)}/notice.pdf", status=503)
    finally:
        pdf._fonts.cache_clear()
    assert "fonts-noto-cjk" in page.words
    assert "QINGDAN_PDF_FONT" in page.words


@needs_font
def test_pdfs_beyond_those_being_made_are_refused_for_a_while(
    asking: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/items/{asking.item_called(FELLING)}/notice.pdf"
    queue = Queue(at_once=1, places=2, patience=0.0)
    monkeypatch.setattr(pdf, "MAKING", queue)
    with queue.turns:  # another is being made, for longer than one waits
        refused = read(asking, path, status=503)
        answer = asking.client.get(path, headers=BROWSER)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert "直接打印网页" in refused.words
    assert queue.places.held == 0
    assert queue.places.take()
    assert queue.places.take()  # as many wait as may
    assert asking.client.get(path, headers=BROWSER).status_code == 503
    queue.places.give_back()
    queue.places.give_back()
    assert asking.client.get(path, headers=BROWSER).content.startswith(b"%PDF-")
    assert queue.places.held == 0


def test_the_docx_says_what_the_page_says(asking: Living) -> None:
    words = words_of_docx(get(asking, f"/items/{asking.item_called(FELLING)}/notice.docx?have=m1"))
    for shown in (
        "一次性告知单",
        "伐区调查设计材料",
        "20个工作日",
        "☑1有关采伐的地点",
        "☐2伐区调查设计材料",
        "截至日志第",
    ):
        assert shown in words, shown


def test_a_download_is_named_for_what_it_is(asking: Living) -> None:
    item = asking.item_called(FELLING)
    answer = asking.client.get(f"/items/{item}/guide.docx")
    assert answer.headers["content-disposition"].startswith(
        f'attachment; filename="{item}-guide.docx"; filename*'
    )
    assert "%E5%8A%9E%E4%BA%8B%E6%8C%87%E5%8D%97" in answer.headers["content-disposition"]


@needs_font
@pytest.mark.parametrize("which", ["item", "bare", "huge", "ended"])
@pytest.mark.parametrize("kind", ["notice", "guide"])
def test_hostile_empty_and_huge_items_become_files(hostile_registry, which: str, kind: str) -> None:
    item = getattr(hostile_registry, which)
    read(hostile_registry, f"/items/{item}/{kind}")
    words = words_of_pdf(get(hostile_registry, f"/items/{item}/{kind}.pdf"))
    assert "截至日志第" in words
    assert "截至日志第" in words_of_docx(get(hostile_registry, f"/items/{item}/{kind}.docx"))
    if which == "huge":
        assert "第39份材料" in words
    if which == "item":
        assert "<script>alert(1)</script>" in words


def test_a_code_leads_to_the_handout_of_its_item(asking: Living) -> None:
    answer = asking.client.get("/items/511A0148700000-511602000000-000-11511301MB1P96705T-1-00/notice")
    assert answer.status_code == 307
    assert answer.headers["location"] == f"/items/{asking.item_called(FELLING)}/notice"


def test_an_internal_item_has_no_handout(hostile_registry) -> None:
    for ending in ("notice", "guide", "notice.pdf", "guide.docx"):
        assert hostile_registry.client.get(f"/items/{hostile_registry.secret}/{ending}").status_code == 404
