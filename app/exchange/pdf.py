"""Handouts as PDF, by Typst, which pip installs whole. The words go in as data: nothing in them is markup."""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
import typst

from app.errors import Unavailable
from app.exchange.handouts import Handout, plain, qr_svg
from app.exchange.list_files import ListFile

TEMPLATE = Path(__file__).with_name("handout.typ")
FAMILIES = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Noto Sans SC",
    "Noto Serif CJK SC",
    "Source Han Serif SC",
    "HarmonyOS Sans SC",
    "Microsoft YaHei",
    "SimHei",
    "SimSun",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "PingFang SC",
)
"""Chinese fonts that may be found on a machine, those that hold the rare characters of names first."""


@lru_cache(maxsize=4)
def _fonts(font: str) -> tuple[typst.Fonts, list[str]] | None:
    """The fonts of the machine and the families to write with; None where there is no Chinese font."""
    place = Path(font)
    folders: list[Any] = [str(place.parent if place.is_file() else place)] if font else []
    fonts = typst.Fonts(font_paths=folders)
    own = [one.family for one in fonts.fonts() if font and str(one.path or "").startswith(str(place))]
    found = set(fonts.families())
    families = list(dict.fromkeys([*own, *(one for one in FAMILIES if one in found)]))
    return (fonts, families) if families else None


def pdf_of(handout: Handout, font: str = "") -> bytes:
    """The handout as a PDF with its fonts embedded; ``font`` names a font file or a folder of fonts.

    Raises Unavailable where no Chinese font is found: boxes instead of words help nobody.
    """
    inputs = {"handout": plain(orjson.dumps(asdict(handout)).decode()), "qr": qr_svg(handout.address)}
    return _compiled(TEMPLATE, inputs, handout.made_at, font)


LIST = Path(__file__).with_name("list.typ")
WIDE = {
    "事项名称": 5,
    "设定依据": 6,
    "依据": 6,
    "责任事项": 7,
    "追责情形": 7,
    "准入条件": 7,
    "编码": 4,
    "实施机关": 3,
}
"""Shares of a page's width by head; others take 2."""


def list_pdf(made: ListFile, font: str = "") -> bytes:
    """A list as a PDF, A4 across. Raises Unavailable where no Chinese font is found."""
    told = {
        "title": made.title,
        "facts": made.facts,
        "note": made.note,
        "heads": list(made.heads),
        "lines": made.lines,
        "shares": [WIDE.get(head, 2) for head in made.heads],
        "footer": made.footer,
        "address": made.address,
    }
    inputs = {"list": plain(orjson.dumps(told).decode()), "qr": qr_svg(made.address)}
    return _compiled(LIST, inputs, made.made_at, font)


def _compiled(template: Path, inputs: dict[str, str], made_at: int, font: str) -> bytes:
    made = _fonts(font)
    if made is None:
        _fonts.cache_clear()  # a font that is installed now is found at the next try
        raise Unavailable(
            "这台服务器上没有可以嵌入 PDF 的中文字体。请管理员安装 Debian 的 fonts-noto-cjk 软件包，"
            "或用设置 QINGDAN_PDF_FONT 指明字体文件；在此之前可以直接打印网页，或下载 DOCX。",
            code="no-chinese-font",
        )
    fonts, families = made
    body = typst.compile(
        template.read_bytes(),
        format="pdf",
        font_paths=fonts,
        sys_inputs=inputs | {"families": orjson.dumps(families).decode()},
        timestamp=made_at,
    )
    assert isinstance(body, bytes)
    return body
