"""Answer bodies."""

from app.core.bodies import AnswerBody
from app.orgs.enums import OrgLevel


class OrgAnswer(AnswerBody):
    """One federation."""

    code: str
    name: str
    level: OrgLevel
    parent_code: str | None
