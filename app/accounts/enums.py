"""Words of this feature."""

from app.core.labels import Labelled


class WeChatApp(Labelled):
    """The account through which WeChat knows a person; the same person has another openid in each."""

    MINI = "mini", "小程序"
    OFFICIAL = "official", "服务号"


class MiniRole(Labelled):
    """What somebody is to us who opens the mini program."""

    CADRE = "cadre", "帮扶干部"
    GUARDIAN = "guardian", "监护人"
    UNBOUND = "unbound", "未绑定"


class StaffRole(Labelled):
    """The roles that the service itself names; what each may do stands in `data/roles.toml`."""

    ADMIN = "admin", "管理员"
    CLERK = "clerk", "经办人"
    AUDITOR = "auditor", "审计员"


class Permission(Labelled):
    """One thing that a role may do; seeing one fact in full and taking files out are two rights."""

    READ = "read", "查看"
    EDIT = "edit", "办理"
    APPROVE = "approve", "审批"
    REVEAL = "reveal", "查看完整信息"
    EXPORT = "export", "导出"
    GRANT = "grant", "授权"


class Reach(Labelled):
    """How far a role reaches from the federation that it is granted for."""

    NONE = "none", "无"
    OWN = "own", "本级"
    BELOW = "below", "本级及下级"
