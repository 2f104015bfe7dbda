"""Words of this feature."""

from app.core.labels import Labelled


class EndReason(Labelled):
    """Why a pairing ended, by 官方方案 四(三)."""

    POST_CHANGED = "post_changed", "干部岗位或职务变化"
    RETIRED = "retired", "干部退休"
    LEFT = "left", "干部离岗"
    ROTATION = "rotation", "两年调整"
    BENEFICIARY_DECEASED = "beneficiary_deceased", "帮扶对象去世"
    BENEFICIARY_MOVED = "beneficiary_moved", "帮扶对象迁出"
    NO_LONGER_ELIGIBLE = "no_longer_eligible", "帮扶对象不再符合条件"
    FAMILY_WISH = "family_wish", "尊重家庭意愿"
    ENTERED_BY_MISTAKE = "entered_by_mistake", "录入有误"


class PairingRefusal(Labelled):
    """Why two persons cannot be paired from the day that was asked for."""

    BENEFICIARY_UNKNOWN = "beneficiary_unknown", "没有找到该帮扶对象"
    CADRE_UNKNOWN = "cadre_unknown", "没有找到该帮扶干部"
    CADRE_NOT_ACTIVE = "cadre_not_active", "帮扶干部不在岗，不能新结对"
    CADRE_TAKES_NO_PART = "cadre_takes_no_part", "帮扶干部登记为不参加，不能新结对"
    CAPACITY_EXCEEDED = "capacity_exceeded", "超过帮扶干部的可结对户数"
    NOT_ELIGIBLE = "not_eligible", "不符合帮扶对象条件"
    START_TOO_EARLY = "start_too_early", "结对日期早于专项工作开始的日期"
    START_TOO_LATE = "start_too_late", "结对日期太远，最多提前一年安排"
    OVERLAPS = "overlaps", "该帮扶对象在这段时间已有结对"


class PairingOutcome(Labelled):
    """What asking for a pairing comes to."""

    STARTS = "starts", "可以结对"
    ALREADY = "already", "已经结对，无需改动"
    REFUSED = "refused", "不能结对"


class Participation(Labelled):
    """A cadre's part in the scheme (官方方案 一(二), 四(三))."""

    BY_DUTY = "by_duty", "应当参加"
    VOLUNTEER = "volunteer", "自愿参加"
    GOES_ON = "goes_on", "退休后继续参加"
    EXCUSED = "excused", "登记为不参加"
    MAY = "may", "可自愿参加"
    GONE = "gone", "退休或调离"

    @property
    def takes_part(self) -> bool:
        """Tell whether he is to have at least one family (官方方案 二)."""
        return self in {Participation.BY_DUTY, Participation.VOLUNTEER, Participation.GOES_ON}


class ProposalState(Labelled):
    """Where a proposal of pairs is."""

    DRAFT = "draft", "排队等待计算"
    RUNNING = "running", "正在计算"
    READY = "ready", "待确认"
    ACCEPTED = "accepted", "已采纳"
    CANCELLED = "cancelled", "已取消"
    FAILED = "failed", "计算没有成功"


class PairDecision(Labelled):
    """What became of one proposed pair."""

    OPEN = "open", "待确认"
    APPLIED = "applied", "已结对"
    KEPT = "kept", "继续原结对"
    NOBODY = "nobody", "暂未安排"
    REFUSED = "refused", "未采纳"


class BarReason(Labelled):
    """Why a cadre and a person must not be paired."""

    RELATIVE = "relative", "亲属关系"
    CONFLICT = "conflict", "双方有矛盾"
    FAMILY_WISH = "family_wish", "家庭不愿意"


class HandoverState(Labelled):
    """How far a planned hand-over is; that its day has come is told by the day."""

    PLANNED = "planned", "已安排，等待接任干部确认"
    ACCEPTED = "accepted", "接任干部已同意"
    DECLINED = "declined", "接任干部不同意"
    UNDONE = "undone", "已撤销"
    OVERTAKEN = "overtaken", "情况有变，不再办理"


class PairingNews(Labelled):
    """What a cadre is told about his pairings."""

    TAKES_OVER = "takes_over", "请您接任"
    HANDS_OVER = "hands_over", "您的帮扶对象将交接"
    STAYS = "stays", "交接没有办成，仍由您负责"
    TAKEN_BACK = "taken_back", "原定由您接任，现已取消"
    DECEASED = "deceased", "帮扶对象去世"
    MOVED_AWAY = "moved_away", "帮扶对象迁出"
    NO_LONGER_ELIGIBLE = "no_longer_eligible", "帮扶对象不再符合条件"


class RotationState(Labelled):
    """Where the rotation of one pairing is (官方方案 二: 每2年调整一次)."""

    PLANNED = "planned", "已排入计划"
    ANNOUNCED = "announced", "已安排交接并通知"
    DONE = "done", "已轮换"
    STAYS = "stays", "愿意继续，本轮不轮换"
    CANCELLED = "cancelled", "本轮取消"
    OVERTAKEN = "overtaken", "情况有变，不再办理"

    @property
    def is_open(self) -> bool:
        """Whether something still has to be done about it."""
        return self in {RotationState.PLANNED, RotationState.ANNOUNCED}
