"""Tables that belong to no feature: what is scheduled and swept, what sweeps found, which workers live."""

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


class SweepTurn(Model):
    """Where one sweep over rows stands, and when a worker last took its turn."""

    name = fields.CharField(max_length=64, primary_key=True)
    taken_at = UtcDatetimeField()
    position = fields.CharField(max_length=64, default="")

    class Meta:
        table = "sweep_turn"


class InvariantFinding(Model):
    """Something that must always hold and did not, for one subject. Kept after it was resolved."""

    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=64)
    subject = fields.CharField(max_length=64)
    # Whose federation it concerns, empty when it concerns the service as a whole.
    org_code = fields.CharField(max_length=6, default="")
    detail = fields.CharField(max_length=200)
    first_seen = UtcDatetimeField()
    last_seen = UtcDatetimeField()
    resolved_at = UtcDatetimeField(null=True)

    class Meta:
        table = "invariant_finding"
        unique_together = (("name", "subject"),)
        indexes = (("resolved_at", "org_code"),)


class SendTally(Model):
    """How many tries of one minute came to one end, for the numbers of the last hour."""

    id = fields.BigIntField(primary_key=True)
    minute = UtcDatetimeField()
    outcome = fields.CharField(max_length=12)
    amount = fields.IntField(default=0)

    class Meta:
        table = "send_tally"
        unique_together = (("minute", "outcome"),)
