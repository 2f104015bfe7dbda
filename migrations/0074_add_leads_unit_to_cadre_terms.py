from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0073_add_excuse_to_cadre_terms")]

    initial = False

    operations = [
        ops.AddField(
            model_name="CadreTerms",
            name="leads_unit",
            field=fields.BooleanField(null=True),
        ),
    ]
