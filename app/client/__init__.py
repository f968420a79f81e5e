"""A client of a registry's API, in the standard library alone: nothing of the rest of this program is imported,
so the folder can be copied into another one.

    from app.client import Client, Copy

    registry = Client("https://qingdan.example.gov.cn")
    registry.item("511A0045100002")["status"]
    copy = Copy(registry, "copy.db")
    for event in copy.follow():
        print(event["sentence"])
"""

from .calling import Client, Gone, Problem
from .copying import Copy

__all__ = ["Client", "Copy", "Gone", "Problem"]
