"""The inbox of pushes: stored first, acted on exactly once."""

from tortoise import fields
from tortoise.models import Model

from app.accounts.enums import WeChatApp
from app.bot.enums import DialogueKind, PushKind, PushState
from app.core.fields import EncryptedField, UtcDatetimeField


class WeChatPush(Model):
    """One push from WeChat, its unique key makes the three retries of a push one row.

    The payload holds what acting on it needs and nothing else, the reply is kept so that a retry hears the
    same words.
    """

    id = fields.BigIntField(primary_key=True)
    app = fields.CharEnumField(WeChatApp, max_length=12, description="mini program or service account")
    dedupe_key = fields.CharField(max_length=64, unique=True)
    openid = fields.CharField(max_length=64)
    kind = fields.CharEnumField(PushKind, max_length=16, description="what it wants")
    payload = EncryptedField()
    reply = EncryptedField(null=True)
    state = fields.CharEnumField(PushState, max_length=12, description="where it is")
    attempts = fields.IntField(default=0)
    next_at = UtcDatetimeField()
    happened_at = UtcDatetimeField()
    received_at = UtcDatetimeField()
    applied_at = UtcDatetimeField(null=True)

    class Meta:
        table = "wechat_push"
        indexes = (("state", "next_at"), ("openid", "happened_at"))


class Dialogue(Model):
    """What somebody was asked last and has not answered: a number that he writes chooses from it."""

    openid = fields.CharField(max_length=64, primary_key=True)
    kind = fields.CharEnumField(DialogueKind, max_length=16, description="what was asked")
    # Ids and keys to choose from, and words that wait for the choice.
    state = EncryptedField()
    expires_at = UtcDatetimeField(db_index=True)

    class Meta:
        table = "bot_dialogue"
