"""Words of this feature."""

from app.core.labels import Labelled


class CampaignKind(Labelled):
    """What a campaign does."""

    FESTIVAL_REMINDER = "festival_reminder", "节日联系提醒"
    POLICY_NOTICE = "policy_notice", "惠残政策通知"
    FESTIVAL_GREETING = "festival_greeting", "节日祝福"

    @property
    def is_for_festival(self) -> bool:
        """Whether it belongs to a day with a festival."""
        return self is not CampaignKind.POLICY_NOTICE

    @property
    def is_for_cadres(self) -> bool:
        """Whether cadres receive it; all others go to guardians."""
        return self is CampaignKind.FESTIVAL_REMINDER


class PolicyAudience(Labelled):
    """To whom of those whom a policy concerns a notice about it goes."""

    GAP = "gap", "应享未享的家庭"
    RECEIVED = "received", "正在享受的家庭"


class CampaignState(Labelled):
    """What was decided about a campaign. Whether it is done is not decided but asked: no row left open."""

    DRAFT = "draft", "草稿"
    SUBMITTED = "submitted", "待审批"
    SCHEDULED = "scheduled", "已批准，待发送"
    RUNNING = "running", "发送中"
    PAUSED = "paused", "已暂停"
    CANCELLED = "cancelled", "已取消"


class CampaignPhase(Labelled):
    """How far a campaign is let go: whom it may write to by now."""

    CANARY = "canary", "准备试发"
    STAFF = "staff", "正在发给试发名单"
    SAMPLE = "sample", "正在发给百分之一的人"
    HELD = "held", "试发完成，等待放行"
    ALL = "all", "发给所有人"


class OutcomeAct(Labelled):
    """What a named admin decided about the outcome of one message."""

    RETRIED = "retried", "重新发送"
    ARRIVED = "arrived", "核实已收到"
    NOT_ARRIVED = "not_arrived", "核实没有收到"
