"""JSON that people write in a form: laid out to be read, and the line in which a part of it stands."""

import json
from typing import Any

_DECODER = json.JSONDecoder()
_JOINTS = {"all", "any", "not"}


def laid_out(value: Any, *, depth: int = 0) -> str:
    """Return JSON with one comparison, or one row of amounts, on each line."""
    inner, outer = "  " * (depth + 1), "  " * depth
    if isinstance(value, dict) and len(value) == 1 and _JOINTS & value.keys():
        ((word, part),) = value.items()
        return f'{{"{word}": {laid_out(part, depth=depth)}}}'
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        parts = ",\n".join(inner + laid_out(one, depth=depth + 1) for one in value)
        return f"[\n{parts}\n{outer}]"
    return json.dumps(value, ensure_ascii=False)


def line_of(text: str, path: list[str]) -> int:
    """Return the line, counted from 1, in which the part of a JSON text begins to which a path leads.

    Args:
        text: valid JSON.
        path: keys and numbers from the outside inwards; where it leads nowhere, the last part on it counts.
    """
    at = _skip(text, 0)
    for step in path:
        found = _inside(text, at).get(step)
        if found is None:
            break
        at = found
    return text.count("\n", 0, at) + 1


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n,:":
        at += 1
    return at


def _inside(text: str, at: int) -> dict[str, int]:
    """Return where each part of the object or list that begins here begins itself."""
    found: dict[str, int] = {}
    opened = text[at]
    if opened not in "[{":
        return found
    place = _skip(text, at + 1)
    while text[place] not in "]}":
        key = str(len(found))
        if opened == "{":
            key, after = _DECODER.raw_decode(text, place)
            place = _skip(text, after)
        found[key] = place
        place = _skip(text, _DECODER.raw_decode(text, place)[1])
    return found
