"""Federations."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from app.orgs.enums import OrgLevel


class Org(Model):
    """One federation, its division code tells its place in the tree."""

    code = fields.CharField(max_length=6, primary_key=True)
    name = fields.CharField(max_length=64)
    level = fields.CharEnumField(OrgLevel, max_length=12, description="level of the federation")
    parent_code = fields.CharField(max_length=6, null=True, db_index=True)

    class Meta:
        table = "org"
