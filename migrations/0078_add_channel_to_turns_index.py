from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("app", "0077_create_pairing_notice")]

    initial = False

    operations = [
        ops.AddIndex(
            model_name="Message",
            index=Index(fields=["state", "urgent", "org_code", "channel", "next_at"]),
        ),
    ]
