"""Words of this feature."""

from app.core.labels import Labelled


class ActorKind(Labelled):
    """Who acted."""

    STAFF = "staff", "管理人员"
    CADRE = "cadre", "帮扶干部"
    GUARDIAN = "guardian", "监护人"
    SYSTEM = "system", "系统"
