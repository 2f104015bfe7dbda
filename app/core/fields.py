"""Column types that Tortoise lacks or gets wrong."""

from datetime import UTC, datetime
from typing import Any

from tortoise import fields

from app.core.crypto import SEALED_PREFIX, keyring


class UtcDatetimeField(fields.DatetimeField[datetime]):
    """A moment, always stored in UTC.

    Tortoise 1.1 converts on create but not in ``filter`` and ``update``, where the wall-clock
    time of another zone would reach the database unchanged.
    """

    def to_db_value(self, value: Any, instance: Any) -> Any:
        if isinstance(value, datetime):
            if value.tzinfo is None:
                raise ValueError(f"{self.model_field_name}: a moment needs a time zone")
            value = value.astimezone(UTC)
        return super().to_db_value(value, instance)


class EncryptedField(fields.TextField):
    """Personal data: plain text in Python, sealed in the database, bound to its table and column."""

    def to_db_value(self, value: Any, instance: Any) -> Any:  # noqa: ARG002 - Tortoise's signature
        if value is None:
            return None
        return keyring().seal(value, place=self._place())

    def to_python_value(self, value: Any) -> Any:
        if isinstance(value, str) and value.startswith(SEALED_PREFIX):
            return keyring().open(value, place=self._place())
        return value

    def _place(self) -> str:
        return f"{self.model._meta.db_table}.{self.model_field_name}"  # noqa: SLF001
