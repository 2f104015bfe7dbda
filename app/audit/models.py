"""The audit trail."""

from tortoise import fields
from tortoise.models import Model

from app.audit.enums import ActorKind
from app.core.fields import UtcDatetimeField


class AuditEntry(Model):
    """One deed. `seq` and `digest` are written later by the sealer and make every change visible."""

    id = fields.BigIntField(primary_key=True)
    at = UtcDatetimeField()
    actor_kind = fields.CharEnumField(ActorKind, max_length=12, description="who acted")
    actor_id = fields.BigIntField(null=True)
    action = fields.CharField(max_length=64)
    object_kind = fields.CharField(max_length=32)
    object_id = fields.CharField(max_length=64)
    region_code = fields.CharField(max_length=6, default="")
    detail = fields.CharField(max_length=500, default="")
    seq = fields.BigIntField(null=True, unique=True)
    digest = fields.CharField(max_length=64, null=True)

    class Meta:
        table = "audit_entry"
        indexes = (("object_kind", "object_id"),)


class AuditHead(Model):
    """The end of the chain: one row."""

    id = fields.IntField(primary_key=True)
    seq = fields.BigIntField()
    digest = fields.CharField(max_length=64)

    class Meta:
        table = "audit_head"
