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
    UNCLEAR = "unclear", "未识别的留言"
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
    {PushKind.RECEIPT, PushKind.REFUSAL, PushKind.ANSWERS, PushKind.MASS_RESULT, PushKind.OTHER}
)
