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


class RowVerdict(Labelled):
    """What applying a row would do."""

    NEW = "new", "新增"
    UPDATE = "update", "更新"
    UNCHANGED = "unchanged", "无变化"
    CONFLICT = "conflict", "冲突"
    ERROR = "error", "错误"

    @property
    def is_bad(self) -> bool:
        """Tell whether a row cannot be applied."""
        return self in {RowVerdict.CONFLICT, RowVerdict.ERROR}


class ColumnKind(Labelled):
    """What stands in a column; it decides how a cell is masked and what Excel may have done to it."""

    NAME = "name", "姓名"
    LONG_NUMBER = "long_number", "证件号码"
    PHONE = "phone", "电话"
    ADDRESS = "address", "地址"
    CHOICE = "choice", "选项"
    TEXT = "text", "文字"
    DAY = "day", "日期"
