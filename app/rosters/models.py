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
    org_code = fields.CharField(max_length=6, db_index=True)
    filename = fields.CharField(max_length=120)
    content_hash = fields.CharField(max_length=64)
    state = fields.CharEnumField(RosterState, max_length=12, description="where the upload is")
    uploaded_by = fields.BigIntField()
    uploaded_at = UtcDatetimeField()
    row_count = fields.IntField(default=0)
    applied_by = fields.BigIntField(null=True)
    applied_at = UtcDatetimeField(null=True)

    class Meta:
        table = "roster_import"


class RosterRow(Model):
    """One judged row. Its cells are personal data and sealed as one JSON text."""

    id = fields.BigIntField(primary_key=True)
    roster_id: int
    roster: fields.ForeignKeyRelation[RosterImport] = fields.ForeignKeyField(
        "app.RosterImport", related_name="rows", on_delete=fields.CASCADE
    )
    row_number = fields.IntField()
    verdict = fields.CharEnumField(RowVerdict, max_length=12, description="what applying it would do")
    target_id = fields.BigIntField(null=True)
    cells = EncryptedField()
    # JSON list of {cell, header, sentence}.
    problems = fields.TextField(default="[]")

    class Meta:
        table = "roster_row"
        unique_together = (("roster", "row_number"),)
        indexes = (("roster_id", "verdict", "row_number"),)
