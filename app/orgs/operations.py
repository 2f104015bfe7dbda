"""Putting the tree of federations in place."""

import csv
from importlib.resources import files

from tortoise.transactions import in_transaction

from app.orgs.enums import OrgLevel
from app.orgs.models import Org


async def plant_tree() -> int:
    """Create the federations of the province that are missing, and return how many there were.

    Codes and names come from `app/orgs/data/shandong.csv`; a federation that exists is left as it is.
    """
    with files("app.orgs").joinpath("data/shandong.csv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    async with in_transaction():
        known = set(await Org.all().values_list("code", flat=True))
        missing = [_org(row) for row in rows if row["code"] not in known]
        await Org.bulk_create(missing)
    return len(missing)


def _org(row: dict[str, str]) -> Org:
    code = row["code"]
    if code.endswith("0000"):
        level = OrgLevel.PROVINCE
    elif code.endswith("00"):
        level = OrgLevel.CITY
    else:
        level = OrgLevel.COUNTY
    return Org(code=code, name=f"{row['name']}残联", level=level, parent_code=row["parent_code"] or None)
