"""Words of this feature."""

from app.core.labels import Labelled


class MessageState(Labelled):
    """Where a message is in its life; see DESIGN: the life of a message."""

    QUEUED = "queued", "待发送"
    SENDING = "sending", "发送中"
    SENT = "sent", "已发出"
    DELIVERED = "delivered", "已送达"
    HELD = "held", "微信审核中"
    UNKNOWN = "unknown", "结果未知"
    FAILED = "failed", "发送失败"
    SUPPRESSED = "suppressed", "未发送"
    EXPIRED = "expired", "已过期"
    CANCELLED = "cancelled", "已取消"

    @property
    def is_open(self) -> bool:
        """Whether the service still has to do something about it."""
        return self in OPEN_STATES


OPEN_STATES = frozenset({MessageState.QUEUED, MessageState.SENDING})


class Reason(Labelled):
    """Why a message was not sent, or failed."""

    NOT_BOUND = "not_bound", "还没有在微信中绑定"
    NO_CREDIT = "no_credit", "没有可用的订阅次数，需本人在小程序中再次允许"
    NO_CONSENT = "no_consent", "没有同意接收"
    MUTED = "muted", "本人已退订"
    BEREAVEMENT = "bereavement", "家中有丧事，暂停节日类消息"
    NOT_FOLLOWING = "not_following", "没有关注服务号"
    NOTHING_DUE = "nothing_due", "没有需要联系的帮扶对象"
    ALREADY_REMINDED = "already_reminded", "其他任务已就同一节日提醒过"
    NO_GAP = "no_gap", "已经享受、已经申请，或不再符合条件"
    LEFT_OFFICE = "left_office", "干部已不在岗"
    TOO_LATE = "too_late", "已过合适的发送时间"
    CAMPAIGN_CANCELLED = "campaign_cancelled", "任务已取消"
    DAILY_CAP = "daily_cap", "当天收到的消息已达上限"
    SAME_TEXT = "same_text", "7天内已经收到过同样的内容"
    QUOTA_USED_UP = "quota_used_up", "发送额度已用完，恢复后自动继续"
    MONTH_QUOTA = "month_quota", "本月收到的群发已达4次，微信不再允许"
    WINDOW_CLOSED = "window_closed", "对方最近没有给服务号留言，微信不允许发送客服消息"
    TOO_FEW = "too_few", "微信群发至少要有两个人，到截止时间仍只有一人"
    NO_CADRE = "no_cadre", "家庭目前没有帮扶干部，没有人可以打电话"
    DECLINED = "declined", "干部已打电话，家庭表示不需要"
    ALREADY_REACHED = "already_reached", "节前已有人联系过这个家庭"
    CHANNEL_OFF = "channel_off", "这种方式没有开通"
    QUOTA_USED = "quota_used", "到截止时间为止的发送额度已经用完"
    TOO_SLOW = "too_slow", "到截止时间发不完"
    NO_PHONE = "no_phone", "没有登记手机号"
    REFUSED_BY_SMS = "refused_by_sms", "短信平台拒绝发送"
    REFUSED_BY_WECHAT = "refused_by_wechat", "微信拒绝发送"
    BAD_CONTENT = "bad_content", "消息内容不符合微信要求"
    BLOCKED_BY_USER = "blocked_by_user", "对方拒收"
    UNANSWERED = "unanswered", "微信没有回答，无法确定是否已发出"
    NOT_ARRIVED = "not_arrived", "经管理员核实，没有收到"
    CRASHED_WHILE_SENDING = "crashed_while_sending", "发送时系统中断，无法确定是否已发出"


class Channel(Labelled):
    """How a message travels."""

    MINI_SUBSCRIBE = "mini_subscribe", "小程序订阅消息"
    OFFICIAL_TEMPLATE = "official_template", "服务号模板消息"
    OFFICIAL_SUBSCRIBE = "official_subscribe", "服务号订阅通知"
    CUSTOMER_SERVICE = "customer_service", "服务号客服消息"
    MASS_SEND = "mass_send", "服务号群发"
    SMS = "sms", "短信"
    CALL_TASK = "call_task", "请干部打电话"

    @property
    def tells_delivery(self) -> bool:
        """Whether anybody tells us later if one message arrived.

        群发 is reported in numbers only, 客服消息 not at all; reports on short messages need an address of
        their own at the provider; a call is told by the cadre, who may never make it.
        """
        return self in _REPORTED


_REPORTED = frozenset({Channel.MINI_SUBSCRIBE, Channel.OFFICIAL_TEMPLATE, Channel.OFFICIAL_SUBSCRIBE})


class WindowAct(Labelled):
    """What somebody did in the service account that lets us write to him for a while."""

    MESSAGE = "message", "留言"
    CLICK = "click", "点击菜单"
    FOLLOW = "follow", "关注"
    SCAN = "scan", "扫码"


class BatchState(Labelled):
    """Where one mass message (群发) is: many recipients, one call to WeChat."""

    LEAVING = "leaving", "正在提交"
    SENT = "sent", "已提交给微信"
    DISSOLVED = "dissolved", "没有提交，成员回到待发送"
    FAILED = "failed", "微信没有接受"
    UNKNOWN = "unknown", "结果未知"


class CallOutcome(Labelled):
    """What came of a call that a cadre made for us."""

    TOLD = "told", "已告知"
    NOT_REACHED = "not_reached", "没有联系上"
    DECLINED = "declined", "家庭表示不需要"


class Purpose(Labelled):
    """What a message is for; the feature that owns the purpose writes its text."""

    FESTIVAL_REMINDER = "festival_reminder", "节日联系提醒"
    POLICY_NOTICE = "policy_notice", "惠残政策通知"
    FESTIVAL_GREETING = "festival_greeting", "节日祝福"
    REPLY = "reply", "回复家属的留言"


class RecipientKind(Labelled):
    """Who receives."""

    CADRE = "cadre", "帮扶干部"
    GUARDIAN = "guardian", "监护人"


class SubscriptionAnswer(Labelled):
    """What somebody answered to the subscription popup, in the words of wx.requestSubscribeMessage."""

    ACCEPT = "accept", "允许"
    REJECT = "reject", "拒绝"
    BAN = "ban", "模板已被停用"
    FILTER = "filter", "模板标题重复，未展示"


class Invariant(Labelled):
    """What must hold for messages at every moment; sweeps look, and admins see what they found."""

    STUCK = "stuck", "有消息停在“发送中”，发送它的进程没有了，也没有别的进程接手"
    CREDITS = "credits", "订阅次数的记账对不上"
    QUOTAS = "quotas", "发送额度的记账对不上"
    PLANNED = "planned", "群发任务的人数与它的消息记录对不上"
    STILL_OPEN = "still_open", "群发任务已经取消或者过了截止时间，还有消息在等待发送"
    LEFT_OUT = "left_out", "名单中有人没有消息记录"
    NO_RECEIPT = "no_receipt", "发出24小时以后，微信仍没有告知是否送达"

    @property
    def needs_action(self) -> bool:
        """Whether somebody has to look into it; what WeChat does not tell is only shown."""
        return self is not Invariant.NO_RECEIPT
