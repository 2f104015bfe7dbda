"""Contacts and their yearly counters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.models import Model

from app.contacts.enums import ContactChannel, ContactKind, ContactOutcome
from app.core.fields import EncryptedField, UtcDatetimeField

if TYPE_CHECKING:
    from app.pairing.models import Pairing


class Contact(Model):
    """One contact, visit or attempt, attributed to the pairing in force on its day in Shanghai."""

    id = fields.BigIntField(primary_key=True)
    cadre_id = fields.BigIntField()
    # Chosen by the phone once per tap: the same tap sent twice stays one record.
    client_id = fields.CharField(max_length=64)
    content_hash = fields.CharField(max_length=64)
    pairing_id: int
    pairing: fields.ForeignKeyRelation[Pairing] = fields.ForeignKeyField(
        "app.Pairing", related_name="contacts", on_delete=fields.RESTRICT
    )
    beneficiary_id = fields.BigIntField()
    region_code = fields.CharField(max_length=6)
    kind = fields.CharEnumField(ContactKind, max_length=12, description="contact or visit")
    channel = fields.CharEnumField(ContactChannel, max_length=12, null=True, description="by which means")
    outcome = fields.CharEnumField(ContactOutcome, max_length=20, description="whom the cadre reached")
    occurred_at = UtcDatetimeField()
    occurred_on = fields.DateField()
    recorded_at = UtcDatetimeField()
    is_late = fields.BooleanField(default=False)
    note = EncryptedField(null=True)
    undone_at = UtcDatetimeField(null=True)

    class Meta:
        table = "contact"
        unique_together = (("cadre_id", "client_id"),)
        indexes = (("pairing_id", "occurred_on"), ("region_code", "occurred_on"))


class ContactYear(Model):
    """Counters of one pairing in one calendar year, kept in the transaction of each contact."""

    id = fields.BigIntField(primary_key=True)
    pairing_id: int
    pairing: fields.ForeignKeyRelation[Pairing] = fields.ForeignKeyField(
        "app.Pairing", related_name="contact_years", on_delete=fields.RESTRICT
    )
    year = fields.SmallIntField()
    contacts = fields.IntField(default=0)
    visits = fields.IntField(default=0)
    attempts = fields.IntField(default=0)
    last_reached_on = fields.DateField(null=True)

    class Meta:
        table = "contact_year"
        unique_together = (("pairing", "year"),)
