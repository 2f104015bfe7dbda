"""Putting the tree of federations in place."""

import csv
from importlib.resources import files

from tortoise.transactions import in_transaction

from app.accounts.rules import region_prefix
from app.orgs.enums import OrgLevel
from app.orgs.models import Org

# By how many digits of its code all federations below it share.
_LEVELS = {2: OrgLevel.PROVINCE, 4: OrgLevel.CITY, 6: OrgLevel.COUNTY}


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
    return Org(
        code=code,
        name=f"{row['name']}残联",
        level=_LEVELS[len(region_prefix(code))],
        parent_code=row["parent_code"] or None,
    )
