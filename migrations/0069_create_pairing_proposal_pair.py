from tortoise import migrations
from tortoise.migrations import operations as ops
from app.pairing.enums import EndReason, PairDecision
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("app", "0068_create_pairing_proposal")]

    initial = False

    operations = [
        ops.CreateModel(
            name="PairingProposalPair",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "proposal",
                    fields.ForeignKeyField(
                        "app.PairingProposal",
                        source_field="proposal_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="pairs",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("beneficiary_id", fields.BigIntField()),
                ("cadre_id", fields.BigIntField(null=True)),
                ("present_cadre_id", fields.BigIntField(null=True)),
                (
                    "end_reason",
                    fields.CharEnumField(
                        description="why the present one would end", enum_type=EndReason, max_length=24
                    ),
                ),
                ("sentence", fields.CharField(max_length=200)),
                ("locked", fields.BooleanField(default=False)),
                (
                    "decision",
                    fields.CharEnumField(
                        description="what became of it", enum_type=PairDecision, max_length=12
                    ),
                ),
                ("refusal", fields.CharField(default="", max_length=200)),
            ],
            options={
                "table": "pairing_proposal_pair",
                "app": "app",
                "unique_together": (("proposal", "beneficiary_id"),),
                "indexes": [Index(fields=["cadre_id", "decision"])],
                "pk_attr": "id",
                "table_description": "Whom one person is to have by a proposal, nobody while the cadre is null.",
            },
            bases=["Model"],
        ),
    ]
