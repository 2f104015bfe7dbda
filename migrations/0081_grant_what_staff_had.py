from tortoise import migrations
from tortoise.migrations import operations as ops

_A_YEAR_ON = {"sqlite": "date('now', '+1 year')", "mysql": "DATE_ADD(CURRENT_DATE, INTERVAL 1 YEAR)"}
_TODAY = {"sqlite": "date('now')", "mysql": "CURRENT_DATE"}


async def grant(_, editor):
    dialect = editor.client.capabilities.dialect
    await editor.client.execute_query(
        "INSERT INTO staff_grant (staff_id, org_code, role, granted_at, expires_on, confirmed_on, reason)"
        f" SELECT id, org_code, role, created_at, {_A_YEAR_ON[dialect]}, {_TODAY[dialect]}, ''"
        " FROM staff WHERE is_active = 1"
        # A run that stopped after this step may be repeated.
        " AND NOT EXISTS (SELECT 1 FROM staff_grant g WHERE g.staff_id = staff.id)"
    )


class Migration(migrations.Migration):
    dependencies = [("app", "0080_create_staff_grant")]

    initial = False

    operations = [
        ops.RunPython(grant),
    ]
