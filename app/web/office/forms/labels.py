"""What the fields of an item are called on a form: the terms of GB/T 39046-2020 and of the 2022 permit template."""

from __future__ import annotations

SECTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("事项", ("name", "aliases", "type", "type_as_written", "parent_name", "entry", "exercised", "division")),
    (
        "实施机关",
        (
            "authority",
            "authority_nature",
            "region",
            "level",
            "excluded",
            "co_authorities",
            "co_authority_ids",
            "undertaking",
            "undertaking_code",
            "entrusting",
            "power_source",
        ),
    ),
    ("审批依据", ("citations",)),
    (
        "申报条件",
        (
            "service_objects",
            "themes_person",
            "themes_company",
            "conditions",
            "prohibitions",
            "accept_standard",
            "quantity_limit",
            "prior_items",
            "intermediary",
        ),
    ),
    ("申报材料", ("materials",)),
    ("时限", ("statutory_limit", "promised_limit", "special_procedures")),
    ("办理程序", ("steps", "process", "handling", "review", "commitment")),
    ("收费和结果", ("charged", "fees", "result")),
    (
        "在哪里办",
        (
            "hall",
            "windows",
            "contact_of_authority",
            "channels",
            "scope",
            "visits",
            "visits_reason",
            "online",
            "online_depth",
            "online_address",
            "system_level",
            "appointment",
            "online_payment",
            "express",
            "mobile",
        ),
    ),
    (
        "咨询和投诉",
        (
            "consult",
            "consult_phone",
            "complaint",
            "complaint_phone",
            "reconsideration",
            "litigation",
            "query_channel",
            "questions",
        ),
    ),
    ("责任", ("responsibilities", "penalty", "levy", "inspection")),
    ("其他", ("variants", "translations", "files", "note", "extra", "source", "visibility")),
)
"""The form's sections in their order; every field of the content is in one of them (a test says so)."""

CHOICES = {"visibility": {"public": "公开", "internal": "不公开"}}
"""Fixed values of the content model that no code table has."""

FIXED = {"role": "citation_role", "unit": "unit", "necessity": "necessity", "hall": "hall"}
"""Fixed values of the content model, wherever they stand, with the code table that has their words."""

TABLES = {
    "type": "item_type",
    "level": "level",
    "authority_nature": "authority_nature",
    "nature": "authority_nature",
    "service_objects": "service_object",
    "handling": "handling",
    "channels": "channel",
    "scope": "scope",
    "power_source": "power_source",
}
"""Top-level fields of a code table, an item's or an organ's, with the table's name in ``app/items/code_tables.py``."""
