"""Pairings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.models import Model

from app.core.fields import UtcDatetimeField
from app.pairing.enums import EndReason

if TYPE_CHECKING:
    from app.people.models import Beneficiary, Cadre


class Pairing(Model):
    """One cadre accompanies one beneficiary during [started_on, ended_on)."""

    id = fields.BigIntField(primary_key=True)
    region_code = fields.CharField(max_length=6)
    beneficiary_id: int
    beneficiary: fields.ForeignKeyRelation[Beneficiary] = fields.ForeignKeyField(
        "app.Beneficiary", related_name="pairings", on_delete=fields.RESTRICT
    )
    cadre_id: int
    cadre: fields.ForeignKeyRelation[Cadre] = fields.ForeignKeyField(
        "app.Cadre", related_name="pairings", on_delete=fields.RESTRICT
    )
    started_on = fields.DateField()
    ended_on = fields.DateField(null=True)
    end_reason = fields.CharEnumField(EndReason, max_length=24, null=True, description="why it ended")
    # The beneficiary while the end is open, else null: the database itself refuses a second open pairing.
    open_beneficiary_id = fields.BigIntField(null=True, unique=True)
    created_at = UtcDatetimeField()

    class Meta:
        table = "pairing"
        indexes = (("cadre_id", "ended_on"), ("region_code", "id"))
