"""Words of this feature."""

from app.core.labels import Labelled


class NeedDomain(Labelled):
    """What a need is about: the fields that the plan names (官方方案 三(二)), daily life, and the rest."""

    RIGHTS = "rights", "权益维护"
    REHABILITATION = "rehabilitation", "康复治疗"
    SECURITY = "security", "社会保障"
    SCHOOLING = "schooling", "就学"
    EMPLOYMENT = "employment", "就业"
    LIVING = "living", "生活照料"
    OTHER = "other", "其他"


class NeedState(Labelled):
    """How far a need is."""

    OPEN = "open", "待办理"
    REFERRED = "referred", "已转有关部门"
    ANSWERED = "answered", "已答复，待家属确认"
    SOLVED = "solved", "已解决"
    CLOSED = "closed", "不能解决，已说明原因"
    WITHDRAWN = "withdrawn", "家属已撤回"

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do something about it."""
        return self in OPEN_NEEDS


OPEN_NEEDS = frozenset({NeedState.OPEN, NeedState.REFERRED, NeedState.ANSWERED})


class NeedAct(Labelled):
    """One step in the history of a need."""

    RAISED = "raised", "提出"
    NOTED = "noted", "补充说明"
    REFERRED = "referred", "转有关部门"
    ANSWERED = "answered", "有了答复"
    CONFIRMED = "confirmed", "家属确认已解决"
    NOT_SOLVED = "not_solved", "家属说没有解决"
    CLOSED = "closed", "说明原因后结束"
    REOPENED = "reopened", "重新办理"
    WITHDRAWN = "withdrawn", "家属撤回"


class Speaker(Labelled):
    """Who takes a step."""

    GUARDIAN = "guardian", "监护人"
    CADRE = "cadre", "帮扶干部"
    STAFF = "staff", "残联工作人员"


class InquiryKind(Labelled):
    """What a family wrote to the service account that a person has to read."""

    QUESTION = "question", "提问"
    UNCLEAR = "unclear", "自动回复没有看懂的留言"
    VOICE = "voice", "语音留言"


class InquiryState(Labelled):
    """Whether somebody answered."""

    WAITING = "waiting", "待回复"
    ANSWERED = "answered", "已回复"


class AnswerWay(Labelled):
    """How an answer reaches the family."""

    LEAVES = "leaves", "正在通过微信发给家属"
    SENT = "sent", "已通过微信发给家属"
    WAITS = "waits", "微信暂不允许主动发送，家属下次留言时告知"
    TOLD = "told", "家属再次留言时已告知"


class OpinionState(Labelled):
    """Whether somebody read an opinion and said so."""

    WAITING = "waiting", "待阅"
    ANSWERED = "answered", "已答复"
