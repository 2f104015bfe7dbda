"""Tables that belong to no feature: which scheduled slots are taken, which workers live."""

from tortoise import fields
from tortoise.models import Model

from app.core.fields import UtcDatetimeField


class ScheduleSlot(Model):
    """One run of one scheduled job. The unique slot makes a doubled tick do nothing."""

    id = fields.BigIntField(primary_key=True)
    job_name = fields.CharField(max_length=64)
    slot = fields.CharField(max_length=32)
    taken_at = UtcDatetimeField()
    finished_at = UtcDatetimeField(null=True)
    outcome = fields.CharField(max_length=200, default="")

    class Meta:
        table = "schedule_slot"
        unique_together = (("job_name", "slot"),)


class WorkerHeartbeat(Model):
    """When each worker last said that it lives."""

    name = fields.CharField(max_length=80, primary_key=True)
    beat_at = UtcDatetimeField()

    class Meta:
        table = "worker_heartbeat"
