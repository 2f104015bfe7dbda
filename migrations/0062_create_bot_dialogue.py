from tortoise import migrations
from tortoise.migrations import operations as ops
from app.bot.enums import DialogueKind
from app.core.fields import EncryptedField, UtcDatetimeField
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0061_create_binding_tries")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Dialogue",
            fields=[
                ("openid", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                (
                    "kind",
                    fields.CharEnumField(description="what was asked", enum_type=DialogueKind, max_length=16),
                ),
                ("state", EncryptedField(unique=False)),
                ("expires_at", UtcDatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "bot_dialogue",
                "app": "app",
                "pk_attr": "openid",
                "table_description": "What somebody was asked last and has not answered: a number that he writes chooses from it.",
            },
            bases=["Model"],
        ),
    ]
