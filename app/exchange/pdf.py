"""PDF by Typst, which pip installs whole. The words go in as data: nothing in them is markup."""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
import typst

from app.errors import Unavailable
from app.exchange.handouts import Handout, plain, qr_svg
from app.limiting import Queue

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
MAKING = Queue(at_once=2, places=8, patience=10.0)
"""A long list takes a processor for some twenty seconds."""


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
    return compiled(TEMPLATE, inputs, handout.made_at, font)


def _too_many() -> Unavailable:
    return Unavailable(
        "正在制作的 PDF 太多，这一份没有制作；请稍候再试，也可以直接打印网页。",
        code="pdf-busy",
        retry_after=10,
    )


def compiled(template: Path, inputs: dict[str, str], made_at: int, font: str) -> bytes:
    """The template with its inputs as PDF, made at a second of Unix time. Raises Unavailable as ``pdf_of`` does,
    and where too many are being made."""
    made = _fonts(font)
    if made is None:
        _fonts.cache_clear()  # a font that is installed now is found at the next try
        raise Unavailable(
            "这台服务器上没有可以嵌入 PDF 的中文字体。请管理员安装 Debian 的 fonts-noto-cjk 软件包，"
            "或用设置 QINGDAN_PDF_FONT 指明字体文件；在此之前可以直接打印网页，或下载 DOCX。",
            code="no-chinese-font",
        )
    fonts, families = made
    with MAKING.turn(_too_many()):
        body = typst.compile(
            template.read_bytes(),
            format="pdf",
            font_paths=fonts,
            sys_inputs=inputs | {"families": orjson.dumps(families).decode()},
            timestamp=made_at,
        )
    assert isinstance(body, bytes)
    return body
