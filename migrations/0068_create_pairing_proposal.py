from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from app.pairing.enums import ProposalState
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("app", "0067_create_pairing_bar")]

    initial = False

    operations = [
        ops.CreateModel(
            name="PairingProposal",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("batch", fields.BigIntField(db_index=True)),
                ("block_code", fields.CharField(max_length=6)),
                ("region_code", fields.CharField(max_length=6)),
                ("open_region", fields.CharField(null=True, unique=True, max_length=6)),
                (
                    "state",
                    fields.CharEnumField(
                        description="where the proposal is", enum_type=ProposalState, max_length=12
                    ),
                ),
                ("requested_by", fields.BigIntField(null=True)),
                ("requested_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("attempts", fields.SmallIntField(default=0)),
                ("lease_token", fields.CharField(default="", max_length=32)),
                ("lease_until_ms", fields.BigIntField(default=0)),
                ("people", fields.IntField(default=0)),
                ("placed", fields.IntField(default=0)),
                ("cost", fields.BigIntField(null=True)),
                ("solved_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("decided_by", fields.BigIntField(null=True)),
                ("decided_at", UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "pairing_proposal",
                "app": "app",
                "indexes": [Index(fields=["state", "id"]), Index(fields=["region_code", "id"])],
                "pk_attr": "id",
                "table_description": "The best pairs for one county. Those of one request and one block are solved together.",
            },
            bases=["Model"],
        ),
    ]
