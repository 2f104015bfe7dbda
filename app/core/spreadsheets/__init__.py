"""Excel files in and out: an uploaded table is read in a separate, limited process, exports are text only.

Uploads come from outside and may be anything; ``read_table_safely`` and ``stream_table_safely`` are for them.
``read_table`` does the same work in this process, for files that we made ourselves.
"""

from app.core.spreadsheets.archive import SheetLimits
from app.core.spreadsheets.process import read_table_safely, stream_table_safely
from app.core.spreadsheets.reading import read_table
from app.core.spreadsheets.refusals import SpreadsheetRefused
from app.core.spreadsheets.tables import Cell, CellKind, SheetRow, SheetTable
from app.core.spreadsheets.writing import ColumnGuide, TableBook, write_table

__all__ = [
    "Cell",
    "CellKind",
    "ColumnGuide",
    "SheetLimits",
    "SheetRow",
    "SheetTable",
    "SpreadsheetRefused",
    "TableBook",
    "read_table",
    "read_table_safely",
    "stream_table_safely",
    "write_table",
]
