"""Forms whose mistakes are shown beside the fields: what was typed, and what is wrong with it."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from app.console.failures import Problem

Body = TypeVar("Body", bound=BaseModel)
Errors = Mapping[str, Sequence[str]]


async def typed(request: Request, names: Sequence[str]) -> dict[str, str]:
    """Return what was typed into some fields of a form; what is no text, or left out, counts as empty."""
    form = await request.form()
    found = {name: form.get(name, "") for name in names}
    return {name: value if isinstance(value, str) else "" for name, value in found.items()}


def body_of(kind: type[Body], values: Mapping[str, Any]) -> Body:
    """Return a form as the body of the API; raises RequestValidationError as that would."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from error


def errors_by_field(problem: Problem | None) -> dict[str, list[str]]:
    """Return what is wrong with each field, by its name."""
    found: dict[str, list[str]] = {}
    for error in problem.errors if problem else []:
        found.setdefault(error.pointer.strip("/").partition("/")[0], []).append(error.detail)
    return found
