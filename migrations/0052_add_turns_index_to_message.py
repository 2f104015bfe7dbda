from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("app", "0051_add_org_code_to_message")]

    initial = False

    operations = [
        ops.AddIndex(
            model_name="Message",
            index=Index(fields=["state", "urgent", "org_code", "next_at"]),
        ),
    ]
