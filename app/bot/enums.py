"""Words of this feature."""

from app.core.labels import Labelled


class PushState(Labelled):
    """Where a push is."""

    WAITING = "waiting", "待处理"
    APPLIED = "applied", "已处理"
    IGNORED = "ignored", "无需处理"
    GIVEN_UP = "given_up", "处理失败"


class PushKind(Labelled):
    """What a push wants of us, after it was understood."""

    FOLLOW = "follow", "关注"
    SCAN = "scan", "扫码"
    UNFOLLOW = "unfollow", "取消关注"
    STOP = "stop", "退订"
    RESUME = "resume", "恢复接收"
    HELP = "help", "帮助"
    MY_CADRE = "my_cadre", "查询帮扶干部"
    MY_POLICIES = "my_policies", "查询政策"
    MY_NEEDS = "my_needs", "查询诉求"
    NEED = "need", "提出诉求"
    QUESTION = "question", "提问"
    OPINION = "opinion", "提出意见"
    WHO_LOOKED = "who_looked", "查询谁看过信息"
    SETTINGS = "settings", "提醒设置"
    CODE = "code", "输入绑定码"
    UNBIND = "unbind", "解除绑定"
    NUMBER = "number", "回复数字"
    MORE = "more", "查看其余"
    THANKS = "thanks", "客气话"
    VOICE = "voice", "语音留言"
    PICTURE = "picture", "图片等留言"
    UNCLEAR = "unclear", "未识别的留言"
    REVOKED = "revoked", "撤回小程序授权"
    RECEIPT = "receipt", "送达结果"
    REFUSAL = "refusal", "关闭订阅"
    ANSWERS = "answers", "订阅通知授权"
    MASS_RESULT = "mass_result", "群发结果"
    OTHER = "other", "其他推送"

    @property
    def is_from_person(self) -> bool:
        """Whether somebody did or wrote it just now, so that it is acted on within the request."""
        return self not in _NOTED


_NOTED = frozenset(
    {
        *(PushKind.RECEIPT, PushKind.REFUSAL, PushKind.ANSWERS, PushKind.MASS_RESULT),
        *(PushKind.REVOKED, PushKind.OTHER),
    }
)


class DialogueKind(Labelled):
    """What a number that somebody answers chooses from."""

    WHOSE_NEED = "whose_need", "这是谁的诉求"
    WHOSE_POLICIES = "whose_policies", "看谁的政策"
    POLICIES = "policies", "看哪一条政策"
