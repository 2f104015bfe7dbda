"""Words of this feature."""

from app.core.labels import Labelled


class PolicyState(Labelled):
    """Where one version of a policy stands; a published one is never edited, a later one takes its place."""

    DRAFT = "draft", "起草中"
    SUBMITTED = "submitted", "待审批"
    PUBLISHED = "published", "已发布"
    WITHDRAWN = "withdrawn", "已撤回"


class Confidence(Labelled):
    """How sure the source is."""

    LAW = "law", "法规原文"
    OFFICIAL = "official", "政府文件"
    NEWS = "news", "新闻报道"
    RECALL = "recall", "未核实"


class Access(Labelled):
    """How one comes by it; only what must be applied for can be missed for want of an application."""

    APPLICATION = "application", "需要申请"
    CERTIFICATE = "certificate", "凭证件即享"
    AUTOMATIC = "automatic", "免申即享"


class Period(Labelled):
    """How often an amount is paid."""

    MONTH = "month", "每月"
    YEAR = "year", "每年"
    ONCE = "once", "一次性"

    @property
    def times_a_year(self) -> int:
        """Return by what an amount is multiplied before it is compared with others."""
        return 12 if self is Period.MONTH else 1


class Verdict(Labelled):
    """What a policy means for one person, as far as is known."""

    GAP = "gap", "应享未享"
    TO_VERIFY = "to_verify", "待核实"
    RECEIVED = "received", "应享已享"
    HIGHER_CHOSEN = "higher_chosen", "择高未选"
    NOT_ELIGIBLE = "not_eligible", "不符合"


class Step(Labelled):
    """What somebody said about one person and one policy after he looked into it."""

    APPLIED = "applied", "已申请，等待办理"
    RECEIVED = "received", "已经享受"
    REFUSED = "refused", "本人不愿申请"
    NOT_APPLICABLE = "not_applicable", "核实后不适用"


class FactKind(Labelled):
    """What the values of a fact are."""

    FLAG = "flag", "是或否"
    NUMBER = "number", "整数"
    CHOICE = "choice", "单选"
    CHOICES = "choices", "多选"
    PLACE = "place", "行政区划代码"


class Operator(Labelled):
    """How a condition compares a fact with a value."""

    EQUAL = "==", "等于"
    NOT_EQUAL = "!=", "不等于"
    LESS = "<", "小于"
    AT_MOST = "<=", "不大于"
    MORE = ">", "大于"
    AT_LEAST = ">=", "不小于"
    BETWEEN = "between", "介于（含两端）"
    IN = "in", "是其中之一"
    OVERLAPS = "overlaps", "包含其中任何一个"
    WITHIN = "within", "在这些地区之内"
