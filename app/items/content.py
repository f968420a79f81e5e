"""The one shape of an item's content, shared by form, API, import, index and export.

It covers the 64 item fields of GB/T 39046-2020 table 4, the working C0109.2-2018 schemas
(实施清单要素) and the 行政许可事项实施规范 template of 2022. Nothing but name, type, authority
and region is required: a field that the source does not give is absent, never guessed.

What is not here: status and codes (both dated on their own and shown in the envelope), and the
names of authorities, regions and instruments (content holds their registry ids, so that renaming
an organ leaves its items alone).

Every element of a list carries a ``key``, given once and never reused within its item, so that a
change can name ``materials/<key>/copies`` whatever the order of the list.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from app.versions.shapes import Code, Digest, Element, Line, Part, SubjectId, Text

SCHEMA = 1
"""Number of the content shape. New optional fields do not move it; a breaking change does."""

Unit = Literal["workday", "day", "month", "year", "hour", "minute", "immediate"]
"""工作日, 自然日, 月, 年, 小时, 分钟, 即办 (即办 has no value)."""
Necessity = Literal["required", "optional", "deferrable"]
"""必要, 非必要, 容缺后补."""
HallPresence = Literal["in", "entrusted", "out"]
"""进驻, 委托进驻, 未进驻."""
CitationRole = Literal["setting", "implementing", "supervising", "fee", "material"]
"""设定依据, 实施依据, 监管依据, 收费依据, 材料依据."""


class Citation(Element):
    """依据. The instrument is a registry id where it is known here; title and number are as written."""

    role: CitationRole = Field(
        "setting",
        description="作用: setting 设定, implementing 实施, supervising 监管, fee 收费, material 材料",
    )
    instrument: SubjectId | None = Field(
        None, description="registry id of the 法律法规文件, where it is known here"
    )
    title: Line | None = Field(None, description="文件名称, as written in the source")
    number: Line | None = Field(None, description="文号, as written")
    article: Line | None = Field(None, description="条款, as written: 第十二条, 第12条第二款")
    text: Text | None = Field(None, description="条文, as it stood")
    verified: bool | None = Field(None, description="true: article text was compared; absent: not checked")


class Limit(Part):
    """办结时限. 即办 has unit ``immediate`` and no value; unknown is absence of the whole."""

    value: int | None = Field(None, ge=0, le=100_000, description="how many units (15, 18)")
    unit: Unit | None = Field(
        None,
        description="单位 (16, 19): workday 工作日, day 自然日, month 月, year 年, hour 小时, minute 分钟, "
        "immediate 即办",
    )
    note: Text | None = Field(None, description="时限说明 (17, 20), as written")


class SpecialProcedure(Element):
    """特别程序 (听证, 检验, 专家评审 ...): not counted in the limit by default (行政许可法 第四十五条)."""

    name: Line = Field(description="名称 (41): 听证, 检验, 专家评审 ...")
    kind: Code | None = Field(None, description="GB/T 39046-2020 A.7: 1 延长审批, 2 其他")
    limit: Limit | None = Field(None, description="how long it may take")
    basis: Text | None = Field(None, description="依据, as written")
    authority: Line | None = Field(None, description="who carries it out, as written")
    phone: Line | None = Field(None, description="联系电话")
    fee: bool | None = Field(None, description="whether it costs anything")
    counts: bool | None = Field(None, description="true where its time counts in the limit")


class Material(Element):
    """申请材料."""

    name: Line = Field(description="材料名称 (56)")
    type: Code | None = Field(
        None, description="材料类型: original, copy, form, certificate, other or as written"
    )
    form: Line | None = Field(None, description="材料形式: 纸质, 电子 ..., as written")
    originals: int | None = Field(None, ge=0, le=999, description="原件份数 (62)")
    copies: int | None = Field(None, ge=0, le=999, description="复印件份数 (63)")
    paper: Line | None = Field(None, description="纸质材料规格: A4 ...")
    pages: int | None = Field(None, ge=0, le=9999, description="页数")
    necessity: Necessity | None = Field(
        None, description="是否必备材料 (64): required 必要, optional 非必要, deferrable 容缺后补"
    )
    source: Line | None = Field(None, description="来源渠道: 申请人自备, 政府部门核发, 中介机构出具 ...")
    issuer: Line | None = Field(None, description="出具机构 (57)")
    issue_time: Line | None = Field(None, description="出具时间要求 (58)")
    issue_place: Line | None = Field(None, description="材料办理地点 (60)")
    issue_note: Text | None = Field(None, description="材料办理说明 (59)")
    use_note: Text | None = Field(None, description="材料使用说明 (61), 填报须知")
    accept_standard: Text | None = Field(None, description="受理标准")
    basis: Text | None = Field(None, description="要求提供材料的依据")
    seal: Line | None = Field(None, description="签字、盖章要求")
    condition: Line | None = Field(None, description="the 情形 in which it is asked for")
    blank_form: Digest | None = Field(None, description="空白表格, by content hash")
    sample_form: Digest | None = Field(None, description="示例样表, by content hash")
    note: Text | None = Field(None, description="说明, as written")


class Step(Element):
    """办理环节."""

    name: Line = Field(description="环节名称: 受理, 审查, 决定 ...")
    role: Line | None = Field(None, description="who acts")
    limit: Limit | None = Field(None, description="how long the step may take")
    standard: Text | None = Field(None, description="审查标准, 要点")
    result: Line | None = Field(None, description="what comes of it")
    note: Text | None = Field(None, description="说明, as written")


class Fee(Element):
    """收费项目."""

    name: Line = Field(description="收费项目名称")
    standard: Text | None = Field(None, description="收费标准, as written")
    basis: Text | None = Field(
        None, description="收费依据 (32), as written; cited instruments are citations of role fee"
    )
    reducible: bool | None = Field(None, description="whether it may be reduced or waived")
    reduction_basis: Text | None = Field(None, description="减免依据, as written")
    note: Text | None = Field(None, description="说明, as written")


class Result(Part):
    """审批结果."""

    name: Line | None = Field(None, description="结果名称 (29)")
    type: Line | None = Field(None, description="证照, 批文, 其他, 无, or as written")
    sample: Digest | None = Field(None, description="结果样本 (30), by content hash")
    validity: Line | None = Field(None, description="有效期, as written")
    collection: Line | None = Field(None, description="领取方式")
    note: Text | None = Field(None, description="说明, as written")


class Window(Element):
    """办理窗口."""

    name: Line | None = Field(None, description="窗口名称")
    address: Line | None = Field(None, description="办理地点 (50)")
    hours: Line | None = Field(None, description="办理时间 (51), as written")
    phone: Line | None = Field(None, description="窗口电话")
    transit: Text | None = Field(None, description="how to get there")


class Responsibility(Element):
    """责任事项 and its 追责情形."""

    matter: Text = Field(description="责任事项")
    stage: Line | None = Field(None, description="立案, 调查取证, 审理, 告知, 决定, 送达, 执行 ...")
    basis: Text | None = Field(None, description="依据, as written")
    accountability: Text | None = Field(None, description="追责情形")


class Question(Element):
    """常见问题."""

    question: Text = Field(description="问")
    answer: Text | None = Field(None, description="答")


class AttachedFile(Element):
    """An attached file, by content hash."""

    name: Line = Field(description="file name, as shown")
    digest: Digest = Field(description="SHA-256 of its bytes; GET /api/v1/files/{digest}")
    kind: Line | None = Field(None, description="流程图, 办事指南 ...")


class ExtraField(Element):
    """What the source says beyond this shape, kept as it stands."""

    label: Line = Field(description="what the source calls it")
    value: Text = Field(description="what it says, as written")


class Variant(Element):
    """业务办理项, 情形: a named way of handling the item."""

    name: Line = Field(description="名称: 首次申请, 变更, 延续 ...")
    suffix: Line | None = Field(None, description="two-digit suffix to the item's code (12+2, 31+2)")
    conditions: Text | None = Field(None, description="申请条件")
    materials: list[Material] | None = Field(None, description="申请材料 of this way alone")
    steps: list[Step] | None = Field(None, description="办理环节 of this way alone")
    statutory_limit: Limit | None = Field(None, description="法定办结时限 of this way")
    promised_limit: Limit | None = Field(None, description="承诺办结时限 of this way")
    note: Text | None = Field(None, description="说明, as written")


class Excluded(Element):
    """不再办理的部分: a place, object or kind that a narrowing or a devolution has taken out of the item."""

    words: Text | None = Field(None, description="what it is, in the words of the document")
    region: SubjectId | None = Field(None, description="the place that has taken it over")
    authority: SubjectId | None = Field(None, description="the organ that has taken it over")


class Translation(Element):
    """Names and guide in a further language (the key is its BCP 47 tag)."""

    name: Line = Field(description="the item's name in that language")
    guide: Text | None = Field(None, description="a short guide in that language")


class Penalty(Part):
    """行政处罚: 处罚的行为、种类、幅度."""

    behaviour: Text | None = Field(None, description="处罚的行为")
    kinds: list[Line] | None = Field(None, description="处罚种类: 警告, 罚款 ...")
    range: Text | None = Field(None, description="处罚幅度, as written")


class Levy(Part):
    """行政征收: what is levied, from whom, at which rate."""

    object: Text | None = Field(None, description="征收对象")
    payer: Text | None = Field(None, description="缴纳人")
    rate: Text | None = Field(None, description="征收标准")


class Inspection(Part):
    """行政检查."""

    object: Text | None = Field(None, description="检查对象")
    scope: Text | None = Field(None, description="检查内容")
    frequency: Line | None = Field(None, description="检查频次")


class Source(Part):
    """Where the content came from: the import mapping's name and the source's own key."""

    name: Line = Field(description="the import mapping's name")
    key: Line | None = Field(None, description="the source's own key: a page address, an internal id")
    url: Line | None = Field(None, description="where it was found")
    version: Line | None = Field(None, description="the source's own version, as written")


class ItemContent(Part):
    """事项的全部内容 on a day. Field numbers in descriptions are rows of GB/T 39046-2020 table 4."""

    content_schema: Literal[1] = Field(1, alias="schema", description="number of the content shape")
    visibility: Literal["public", "internal"] = Field(
        "public", description="internal: shown to staff alone, in nothing public"
    )

    # What it is
    name: Line = Field(description="事项名称 (1)")
    aliases: list[Line] | None = Field(None, description="俗称, other names people use")
    translations: list[Translation] | None = Field(None, description="names and guides in further languages")
    type: Code = Field(
        description="事项类型代码 (5), GB/T 39046-2020 A.1; `unknown` where the source has none"
    )
    type_as_written: Line | None = Field(None, description="事项类型 (4), as the source says")
    parent_name: Line | None = Field(None, description="主项名称, where this is a 子项")
    entry: SubjectId | None = Field(None, description="基本目录事项 that this item implements")
    exercised: Text | None = Field(None, description="行使内容 (10)")
    division: Text | None = Field(None, description="权限划分 (9)")
    excluded: list[Excluded] | None = Field(
        None, description="不再办理的部分: 已下放并由下级承接的地方, 已取消或分出的对象、种类"
    )
    penalty: Penalty | None = Field(None, description="行政处罚: 行为、种类、幅度")
    levy: Levy | None = Field(None, description="行政征收")
    inspection: Inspection | None = Field(None, description="行政检查")

    # Who
    authority: SubjectId = Field(description="实施主体 (11, 12)")
    authority_nature: Code | None = Field(None, description="实施主体性质 (13, 14), A.3")
    region: SubjectId = Field(description="行政管辖 (42, 43)")
    level: Code | None = Field(None, description="行使层级 (7, 8), A.2")
    co_authorities: list[Line] | None = Field(None, description="共同实施部门 (23), as written")
    undertaking: Line | None = Field(None, description="承办机构 (25), as written")
    undertaking_code: Line | None = Field(None, description="承办机构代码 (26): 统一社会信用代码, as written")
    entrusting: Line | None = Field(None, description="委托部门, as written")
    power_source: Code | None = Field(None, description="权力来源: 1 法定本级 ... 6 同级委托 (C0109)")
    co_authority_ids: list[SubjectId] | None = Field(
        None, description="共同实施部门 (24), where they are registered here: the codes are theirs"
    )

    # On what basis
    citations: list[Citation] | None = Field(None, description="设定、实施、监管、收费、材料依据 (6, 32)")

    # For whom, under which conditions
    service_objects: list[Code] | None = Field(None, description="服务对象 (34, 35), A.4")
    themes_person: list[Code] | None = Field(None, description="自然人服务主题 (36, 38)")
    themes_company: list[Code] | None = Field(None, description="法人服务主题 (36, 37)")
    conditions: Text | None = Field(None, description="受理条件 (21)")
    prohibitions: Text | None = Field(None, description="不予受理、禁止性要求")
    accept_standard: Text | None = Field(None, description="受理标准, 审查标准")
    quantity_limit: Text | None = Field(None, description="数量限制 (28)")
    prior_items: Text | None = Field(None, description="前置事项")
    intermediary: Text | None = Field(None, description="中介服务 (27)")

    # What to bring
    materials: list[Material] | None = Field(None, description="申请材料 (56-64)")

    # How long, how
    statutory_limit: Limit | None = Field(None, description="法定办结时限 (15-17)")
    promised_limit: Limit | None = Field(None, description="承诺办结时限 (18-20)")
    special_procedures: list[SpecialProcedure] | None = Field(None, description="特别程序 (41)")
    steps: list[Step] | None = Field(None, description="办理流程 (22)")
    process: Text | None = Field(None, description="办理流程 as free text (22)")
    handling: Code | None = Field(
        None, description="办件类型: 1 即办件, 2 承诺件, 9 其他; local: 代理件, 上报件, 联办件"
    )
    review: Line | None = Field(None, description="审查类型: 即审即办, 前审后批 ...")
    commitment: bool | None = Field(None, description="告知承诺制")

    # What it costs, what comes out
    charged: bool | None = Field(None, description="是否收费 (31)")
    fees: list[Fee] | None = Field(None, description="收费项目: 标准、依据 (32)")
    result: Result | None = Field(None, description="审批结果 (29, 30)")

    # Where and when
    hall: HallPresence | None = Field(None, description="进驻, 委托进驻, 未进驻")
    windows: list[Window] | None = Field(None, description="办理地点、时间 (50, 51)")
    contact_of_authority: bool | None = Field(
        None, description="true: hall, hours and phones are the authority's"
    )
    channels: list[Code] | None = Field(None, description="办理形式 (39, 40), A.5")
    scope: Code | None = Field(None, description="通办范围代码 (33)")
    visits: int | None = Field(None, ge=0, le=99, description="到办事现场次数")
    visits_reason: Text | None = Field(None, description="why one must come in person")
    online: bool | None = Field(None, description="是否网办 (47)")
    online_depth: Line | None = Field(None, description="网上办理深度")
    online_address: Line | None = Field(None, description="网办地址 (48)")
    system_level: Line | None = Field(None, description="运行系统层级 (49)")
    appointment: bool | None = Field(None, description="预约办理 (44)")
    online_payment: bool | None = Field(None, description="网上支付 (45)")
    express: bool | None = Field(None, description="物流快递 (46)")
    mobile: Line | None = Field(None, description="移动端办理地址")

    # Whom to ask, where to complain
    consult: Text | None = Field(None, description="咨询方式 (52)")
    consult_phone: Line | None = Field(None, description="咨询电话 (53)")
    complaint: Text | None = Field(None, description="监督投诉方式")
    complaint_phone: Line | None = Field(None, description="监督电话 (54)")
    reconsideration: Text | None = Field(None, description="行政复议")
    litigation: Text | None = Field(None, description="行政诉讼")
    query_channel: Line | None = Field(None, description="办理进程和结果查询")
    questions: list[Question] | None = Field(None, description="常见问题 (55)")

    # Duties
    responsibilities: list[Responsibility] | None = Field(None, description="责任事项, 追责情形")

    variants: list[Variant] | None = Field(None, description="业务办理项, 情形")
    files: list[AttachedFile] | None = Field(None, description="attached files: 流程图, 办事指南 ...")
    note: Text | None = Field(None, description="备注")
    extra: list[ExtraField] | None = Field(None, description="what the source says beyond this shape")
    source: Source | None = Field(None, description="where the content came from")

    def document(self) -> dict[str, Any]:
        """The content as the plain document that is stored: absent instead of null."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)
