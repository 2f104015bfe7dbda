"""Identities in WeChat, staff, and their sessions. Tokens are stored as hashes only."""

from tortoise import fields
from tortoise.models import Model

from app.accounts.enums import WeChatApp
from app.core.fields import UtcDatetimeField


class WeChatIdentity(Model):
    """One openid in one of our WeChat accounts, and whom it belongs to."""

    id = fields.BigIntField(primary_key=True)
    app = fields.CharEnumField(WeChatApp, max_length=12, description="mini program or service account")
    openid = fields.CharField(max_length=64)
    unionid = fields.CharField(max_length=64, null=True, db_index=True)
    # When WeChat was asked for the unionid of a follower, whatever it answered.
    unionid_asked_at = UtcDatetimeField(null=True)
    cadre_id = fields.BigIntField(null=True, db_index=True)
    guardian_id = fields.BigIntField(null=True, db_index=True)
    follows = fields.BooleanField(default=False)
    created_at = UtcDatetimeField()

    class Meta:
        table = "wechat_identity"
        unique_together = (("app", "openid"),)


class MiniSession(Model):
    """One signed-in phone."""

    id = fields.BigIntField(primary_key=True)
    token_hash = fields.CharField(max_length=64, unique=True)
    identity_id: int
    identity: fields.ForeignKeyRelation[WeChatIdentity] = fields.ForeignKeyField(
        "app.WeChatIdentity", related_name="sessions", on_delete=fields.CASCADE
    )
    created_at = UtcDatetimeField()
    expires_at = UtcDatetimeField(db_index=True)

    class Meta:
        table = "mini_session"


class Staff(Model):
    """A member of a federation's staff who works in the console."""

    id = fields.BigIntField(primary_key=True)
    username = fields.CharField(max_length=64, unique=True)
    display_name = fields.CharField(max_length=64)
    password_hash = fields.CharField(max_length=200)
    org_code = fields.CharField(max_length=6, db_index=True)
    is_active = fields.BooleanField(default=True)
    created_at = UtcDatetimeField()

    class Meta:
        table = "staff"


class StaffGrant(Model):
    """A role granted to a member of staff for one federation, until a day. Taken back, it stays as a row."""

    id = fields.BigIntField(primary_key=True)
    staff_id = fields.BigIntField(db_index=True)
    org_code = fields.CharField(max_length=6, db_index=True)
    role = fields.CharField(max_length=32)
    # Staff ids, empty when the command line did it.
    granted_by = fields.BigIntField(null=True)
    granted_at = UtcDatetimeField()
    # The last day, in the province, and the day on which somebody last said that it shall go on.
    expires_on = fields.DateField()
    confirmed_on = fields.DateField()
    confirmed_by = fields.BigIntField(null=True)
    revoked_at = UtcDatetimeField(null=True)
    revoked_by = fields.BigIntField(null=True)
    reason = fields.CharField(max_length=200, default="")

    class Meta:
        table = "staff_grant"


class StaffSession(Model):
    """One signed-in browser."""

    id = fields.BigIntField(primary_key=True)
    token_hash = fields.CharField(max_length=64, unique=True)
    staff_id: int
    staff: fields.ForeignKeyRelation[Staff] = fields.ForeignKeyField(
        "app.Staff", related_name="sessions", on_delete=fields.CASCADE
    )
    created_at = UtcDatetimeField()
    last_used_at = UtcDatetimeField()
    expires_at = UtcDatetimeField()

    class Meta:
        table = "staff_session"


class SignInTries(Model):
    """Sign-ins of late under one name from one place, counted before a password is looked at.

    The digest is keyed and tells neither. A name that nobody has is counted too.
    """

    id = fields.BigIntField(primary_key=True)
    digest = fields.CharField(max_length=64, unique=True)
    tries = fields.IntField()
    forgotten_at = UtcDatetimeField(db_index=True)

    class Meta:
        table = "sign_in_tries"
