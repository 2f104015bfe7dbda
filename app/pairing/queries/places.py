"""Where counties lie."""

import csv
from functools import cache
from importlib.resources import files

from app.accounts.rules import org_code_of
from app.pairing.rules.costs import Geography

_SHARED_DIGITS = (2, 4)


@cache
def geography() -> Geography:
    """Return the centres of counties, and of cities and the province the middle of their counties.

    No scope: public geography. From `app/pairing/data/centres.csv`, read once.
    """
    with files("app.pairing").joinpath("data/centres.csv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    centres = {row["code"]: (float(row["lng"]), float(row["lat"])) for row in rows}
    members: dict[str, list[tuple[float, float]]] = {}
    for code, centre in centres.items():
        for digits in _SHARED_DIGITS:
            members.setdefault(org_code_of(code[:digits]), []).append(centre)
    for code, inside in members.items():
        lng = sum(centre[0] for centre in inside) / len(inside)
        lat = sum(centre[1] for centre in inside) / len(inside)
        centres[code] = (lng, lat)
    return Geography(centres)
