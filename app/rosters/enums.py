"""Words of this feature."""

from app.core.labels import Labelled


class RosterKind(Labelled):
    """What a file lists."""

    BENEFICIARIES = "beneficiaries", "帮扶对象"
    CADRES = "cadres", "帮扶干部"
    PAIRINGS = "pairings", "结对关系"


class RosterState(Labelled):
    """Where an upload is."""

    CHECKING = "checking", "检查中"
    CHECKED = "checked", "待确认"
    APPLIED = "applied", "已导入"
    REFUSED = "refused", "无法导入"


class RowVerdict(Labelled):
    """What applying a row would do."""

    NEW = "new", "新增"
    UPDATE = "update", "更新"
    UNCHANGED = "unchanged", "无变化"
    CONFLICT = "conflict", "冲突"
    ERROR = "error", "错误"
