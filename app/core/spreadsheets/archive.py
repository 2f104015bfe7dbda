"""The outside of an uploaded spreadsheet: is it one, may it be opened, and where are its parts."""

import io
import posixpath
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn
from xml.parsers import expat

from app.core.spreadsheets.refusals import (
    Damaged,
    Encrypted,
    ExternalLinks,
    MacrosInside,
    NotASpreadsheet,
    OldFormat,
    TooBig,
)

_MEBIBYTE = 1 << 20
_OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_END_OF_DIRECTORY = b"PK\x05\x06"
_ENTRY_BYTES = 1024
_SMALL_PART = _MEBIBYTE
_CHUNK = 1 << 16
_WORKBOOK = "xl/workbook.xml"

Start = Callable[[str, dict[str, str]], None]
End = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SheetLimits:
    """How much an uploaded spreadsheet may be and cost.

    ``unpacked_bytes`` is high because nothing is ever unpacked as a whole: 100,000 rows of 15 columns are
    75 MB of XML, read in less than 100 MB of memory. ``rows`` counts filled rows under the header. Seconds
    are those of the reading process: of its processor, and of waiting for it.
    """

    rows: int = 100_000
    file_bytes: int = 32 * _MEBIBYTE
    parts: int = 200
    unpacked_bytes: int = 256 * _MEBIBYTE
    ratio: int = 100
    blank_run: int = 1_000
    text_characters: int = 100_000_000
    memory_bytes: int = 768 * _MEBIBYTE
    cpu_seconds: int = 60
    wait_seconds: float = 90.0


@dataclass(frozen=True, slots=True)
class Sheet:
    """Where to read: the name of the sheet, its part, and the parts that explain its cells."""

    name: str
    part: str
    strings_part: str | None
    styles_part: str | None
    from_1904: bool


def open_archive(content: bytes, *, limits: SheetLimits) -> zipfile.ZipFile:
    """Return the opened file once its directory shows nothing that makes it unsafe to read.

    Only the directory is looked at: entries cannot unpack to more than it says (zipfile stops there).

    Raises:
        SpreadsheetRefused: no .xlsx, encrypted, damaged, too big inside, with macros or external links.
    """
    check_outside(content, limits=limits)
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise Damaged from error
    _check_sizes(archive.infolist(), packed=len(content), limits=limits)
    names = {entry.filename.lower() for entry in archive.infolist()}
    if any(name.endswith("vbaproject.bin") or name.startswith("xl/macrosheets/") for name in names):
        raise MacrosInside
    if any(name.startswith("xl/externallinks/") or name == "xl/connections.xml" for name in names):
        raise ExternalLinks
    if _WORKBOOK not in names:
        raise NotASpreadsheet
    return archive


def check_outside(content: bytes, *, limits: SheetLimits) -> None:
    if content.startswith(_OLE_SIGNATURE):
        # A password turns an .xlsx into an OLE file with a stream of this name.
        raise Encrypted if "EncryptedPackage".encode("utf-16-le") in content else OldFormat
    if not content.startswith(b"PK\x03\x04"):
        raise NotASpreadsheet
    if len(content) > limits.file_bytes:
        raise TooBig(f"文件不能超过{limits.file_bytes // _MEBIBYTE}MB")
    end = content.rfind(_END_OF_DIRECTORY)
    directory = content[end + 12 : end + 16]
    if end < 0 or len(directory) < 4:  # noqa: PLR2004 - a 32-bit field
        raise Damaged
    # Listing a directory of a million entries would already cost seconds and memory.
    if int.from_bytes(directory, "little") > limits.parts * _ENTRY_BYTES:
        raise TooBig("文件内部结构异常")


def _check_sizes(entries: list[zipfile.ZipInfo], *, packed: int, limits: SheetLimits) -> None:
    if any(entry.flag_bits & 1 for entry in entries):
        raise Encrypted
    if len(entries) > limits.parts or sum(entry.file_size for entry in entries) > limits.unpacked_bytes:
        raise TooBig("文件解压后的内容过多")
    for entry in entries:
        share = min(entry.compress_size, packed)
        if entry.file_size > _SMALL_PART and entry.file_size > limits.ratio * share:
            raise TooBig("文件压缩比异常")


def parse_part(archive: zipfile.ZipFile, part: str, *, parser: expat.XMLParserType) -> None:
    """Feed one part of the file to a parser, chunk by chunk."""
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            parser.Parse(chunk, False)
    parser.Parse(b"", True)


def new_parser(*, start: Start | None = None, end: End | None = None) -> expat.XMLParserType:
    """Return a parser that refuses document types, and with them every kind of entity."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    return parser


def _refuse_doctype(*_declaration: object) -> NoReturn:
    raise Damaged


def local(name: str) -> str:
    """Return the name of an element or attribute without its namespace prefix."""
    return name.rpartition(":")[2]


def visible_sheets(archive: zipfile.ZipFile) -> list[Sheet]:
    """Return where the sheets that people see are kept, in their order; at least one.

    Raises:
        Damaged: the file names no sheet, or one that it does not contain.
    """
    sheets: list[dict[str, str]] = []
    from_1904 = False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal from_1904
        if local(name) == "sheet":
            sheets.append({local(key): value for key, value in attributes.items()})
        elif local(name) == "workbookPr":
            from_1904 = attributes.get("date1904") in {"1", "true"}

    parse_part(archive, _WORKBOOK, parser=new_parser(start=start))
    targets, kinds = _relations(archive)
    visible = [
        Sheet(
            name=sheet.get("name", ""),
            part=targets[sheet["id"]],
            strings_part=kinds.get("sharedStrings"),
            styles_part=kinds.get("styles"),
            from_1904=from_1904,
        )
        for sheet in sheets
        if sheet.get("state", "visible") == "visible" and sheet.get("id") in targets
    ]
    if not visible:
        raise Damaged
    return visible


def _relations(archive: zipfile.ZipFile) -> tuple[dict[str, str], dict[str, str]]:
    """Return the worksheets of a workbook by relation id, and its other parts by kind."""
    worksheets: dict[str, str] = {}
    others: dict[str, str] = {}
    present = set(archive.namelist())

    def start(name: str, attributes: dict[str, str]) -> None:
        part = posixpath.normpath(posixpath.join("/xl", attributes.get("Target", ""))).lstrip("/")
        if local(name) != "Relationship" or part not in present:
            return
        kind = attributes.get("Type", "").rpartition("/")[2]
        if kind == "worksheet":
            worksheets[attributes.get("Id", "")] = part
        else:
            others[kind] = part

    parse_part(archive, "xl/_rels/workbook.xml.rels", parser=new_parser(start=start))
    return worksheets, others
