from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("app", "0074_add_leads_unit_to_cadre_terms")]

    initial = False

    operations = [
        ops.AddIndex(
            model_name="Message",
            index=Index(fields=["state", "urgent", "org_code", "channel", "next_at"]),
        ),
    ]
