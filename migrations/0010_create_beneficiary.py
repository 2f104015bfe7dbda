from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import EncryptedField, UtcDatetimeField
from app.people.enums import BeneficiaryStatus, CertificateStatus, DisabilityCategory, Relief, Residence, Sex
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("app", "0009_create_household")]

    operations = [
        ops.CreateModel(
            name="Beneficiary",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("region_code", fields.CharField(max_length=6)),
                ("town", fields.CharField(default="", max_length=40)),
                (
                    "household",
                    fields.ForeignKeyField(
                        "app.Household",
                        source_field="household_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="members",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("name", fields.CharField(max_length=40)),
                ("id_number", EncryptedField(unique=False)),
                ("id_number_index", fields.CharField(unique=True, max_length=64)),
                ("certificate", EncryptedField(unique=False)),
                (
                    "certificate_status",
                    fields.CharEnumField(
                        description="state of the disability certificate",
                        enum_type=CertificateStatus,
                        max_length=12,
                    ),
                ),
                ("born_on", fields.DateField()),
                (
                    "sex",
                    fields.CharEnumField(description="sex, from the ID number", enum_type=Sex, max_length=8),
                ),
                (
                    "category",
                    fields.CharEnumField(
                        description="disability category", enum_type=DisabilityCategory, max_length=16
                    ),
                ),
                ("grade", fields.SmallIntField()),
                (
                    "relief",
                    fields.CharEnumField(
                        description="social relief received", enum_type=Relief, max_length=24
                    ),
                ),
                (
                    "residence",
                    fields.CharEnumField(description="rural or urban", enum_type=Residence, max_length=8),
                ),
                ("several_disabled_in_household", fields.BooleanField(default=False)),
                ("kept_by_elderly", fields.BooleanField(default=False)),
                ("phone", EncryptedField(null=True, unique=False)),
                ("address", EncryptedField(null=True, unique=False)),
                (
                    "status",
                    fields.CharEnumField(
                        description="whether served now", enum_type=BeneficiaryStatus, max_length=24
                    ),
                ),
                ("muted_until", fields.DateField(null=True)),
                ("mute_reason", fields.CharField(default="", max_length=40)),
                ("created_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ("updated_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "beneficiary",
                "app": "app",
                "indexes": [Index(fields=["region_code", "id"])],
                "pk_attr": "id",
                "table_description": "A severely disabled person in hardship. Keyed by its own id: certificates and cards change.",
            },
            bases=["Model"],
        ),
    ]
