"""Uploading rosters and confirming them."""

from app.rosters.operations.confirming import BadRowsLeft, ImportOutdated, StillChecking, confirm
from app.rosters.operations.returning import export_bad_rows
from app.rosters.operations.uploading import (
    ColumnsMissing,
    CountyOnly,
    NothingInside,
    ReadersBusy,
    drop_stale_imports,
    upload,
)

__all__ = [
    "BadRowsLeft",
    "ColumnsMissing",
    "CountyOnly",
    "ImportOutdated",
    "NothingInside",
    "ReadersBusy",
    "StillChecking",
    "confirm",
    "drop_stale_imports",
    "export_bad_rows",
    "upload",
]
