"""Request bodies."""

from typing import Annotated

from pydantic import StringConstraints

from app.core.bodies import RequestBody
from app.stats.rules import LONGEST_REASON


class ExportBody(RequestBody):
    """What the file is for, and whether pairings that have ended come too."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST_REASON)]
    history: bool = False
