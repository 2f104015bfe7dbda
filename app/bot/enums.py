"""Words of this feature."""

from app.core.labels import Labelled


class PushState(Labelled):
    """Where a push is."""

    WAITING = "waiting", "待处理"
    APPLIED = "applied", "已处理"
    IGNORED = "ignored", "无需处理"
    GIVEN_UP = "given_up", "处理失败"
