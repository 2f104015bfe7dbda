from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("app", "0081_grant_what_staff_had")]

    initial = False

    operations = [
        ops.RemoveField(model_name="Staff", name="role"),
    ]
