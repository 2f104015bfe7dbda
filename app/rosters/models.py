"""Uploads and their judged rows."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from app.core.fields import EncryptedField, UtcDatetimeField
from app.rosters.enums import RosterKind, RosterState, RowVerdict


class RosterImport(Model):
    """One uploaded file."""

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharEnumField(RosterKind, max_length=16, description="what the file lists")
    org_code = fields.CharField(max_length=6)
    filename = fields.CharField(max_length=120)
    state = fields.CharEnumField(RosterState, max_length=12, description="where the upload is")
    uploaded_by = fields.BigIntField()
    uploaded_at = UtcDatetimeField(db_index=True)
    row_count = fields.IntField(default=0)
    applied_by = fields.BigIntField(null=True)
    applied_at = UtcDatetimeField(null=True)

    class Meta:
        table = "roster_import"
        indexes = (("org_code", "id"),)


class RosterRow(Model):
    """One judged row. Its cells are personal data and sealed as one JSON text."""

    id = fields.BigIntField(primary_key=True)
    roster_id: int
    roster: fields.ForeignKeyRelation[RosterImport] = fields.ForeignKeyField(
        "app.RosterImport", related_name="rows", on_delete=fields.CASCADE
    )
    # As Excel counts; MySQL keeps the name row_number for itself.
    sheet_row = fields.IntField()
    verdict = fields.CharEnumField(RowVerdict, max_length=12, description="what applying it would do")
    target_id = fields.BigIntField(null=True)
    # Keyed digest of what was registered when the row was judged; empty where nothing was.
    seen = fields.CharField(max_length=64, default="")
    # JSON {header: [kind, value]}.
    cells = EncryptedField()
    # JSON list of {cell, header, sentence}; for a row that can be applied they are remarks.
    problems = fields.TextField(default="[]")

    class Meta:
        table = "roster_row"
        unique_together = (("roster", "sheet_row"),)
        indexes = (("roster_id", "verdict", "sheet_row"),)
