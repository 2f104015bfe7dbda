"""Words of this feature."""

from app.core.labels import Labelled


class CampaignKind(Labelled):
    """What a campaign does."""

    FESTIVAL_REMINDER = "festival_reminder", "节日联系提醒"
    POLICY_NOTICE = "policy_notice", "惠残政策通知"


class CampaignState(Labelled):
    """What was decided about a campaign. Whether it is done is not decided but asked: no row left open."""

    DRAFT = "draft", "草稿"
    SUBMITTED = "submitted", "待审批"
    SCHEDULED = "scheduled", "已批准，待发送"
    RUNNING = "running", "发送中"
    PAUSED = "paused", "已暂停"
    CANCELLED = "cancelled", "已取消"
