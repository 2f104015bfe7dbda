from tortoise import migrations
from tortoise.migrations import operations as ops
from app.core.fields import UtcDatetimeField
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("app", "0031_create_wechat_push")]

    operations = [
        ops.CreateModel(
            name="WorkerHeartbeat",
            fields=[
                ("name", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=80)),
                ("beat_at", UtcDatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "worker_heartbeat",
                "app": "app",
                "pk_attr": "name",
                "table_description": "When each worker last said that it lives.",
            },
            bases=["Model"],
        ),
    ]
