"""Materials: named, each with what asks for it.

Sources: 国务院令第716号 第六条 (a guide leaves no catch-all clause); 安阳市政务服务条例 第十三条 (no 其他材料,
有关材料); 优化营商环境条例 第四十条; ZWFW C0109.2-2018 (要求提供材料的依据).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.checks.finding import Check, Checked, Finding, handled

VAGUE = re.compile(
    r"^(其他|其它|有关|相关)(证明)?(材料|资料|文件|证件|手续)$|(有关|相关)(资质|资格|身份)?证明(材料|文件)?(?!书)"
    r"|(其他|其它)(有关|相关)?(证明)?(材料|资料)|(其他|其它)(有关|相关)(证明|文件|证件|手续)"
)
VAGUE_CONDITION = re.compile(
    r"符合(有关|相关|以上|国家)(的)?(规定|条件|要求)|具有相应的(经济|技术)实力|其他(有关|相关)(条件|规定)"
)
CATCH_ALL = "国务院令第716号 第六条；安阳市政务服务条例 第十三条"
BASIS = "优化营商环境条例 第四十条；ZWFW C0109.2—2018 要求提供材料的依据"


def vague(words: tuple[str, ...] = ()) -> Check:
    """The check on catch-all materials, with words of the office's own."""

    def vague_materials(checked: Checked) -> Iterator[Finding]:
        for prefix, holder in handled(checked.item):
            for one in holder.get("materials") or ():
                name = one["name"]
                if VAGUE.search(name) or any(word in name for word in words):
                    message = f"材料“{name[:60]}”笼统，应写明具体材料。"
                    path = f"{prefix}materials/{one['key']}/name"
                    yield Finding("vague-material", "warning", message, CATCH_ALL, path)

    return vague_materials


def vague_conditions(checked: Checked) -> Iterator[Finding]:
    for prefix, holder in handled(checked.item):
        text = holder.get("conditions") or ""
        if found := VAGUE_CONDITION.search(text):
            message = f"受理条件写“{found[0]}”，没有说是什么，应写明具体条件。"
            yield Finding("vague-condition", "note", message, CATCH_ALL, f"{prefix}conditions")


def material_basis(checked: Checked) -> Iterator[Finding]:
    """Each material says what asks for it. One finding an item: a guide without any would fill pages."""
    for prefix, holder in handled(checked.item):
        materials = holder.get("materials") or ()
        bare = [one for one in materials if not one.get("basis")]
        if bare:
            named = "、".join(one["name"][:20] for one in bare[:3]) + ("等" if len(bare) > 3 else "")
            message = (
                f"{len(materials)} 项材料中有 {len(bare)} 项没有写明要求提供的依据（{named}），"
                "请补上；没有依据的不得索要。"
            )
            yield Finding(
                "material-without-basis", "note", message, BASIS, f"{prefix}materials/{bare[0]['key']}/basis"
            )
