"""Words of this feature."""

from app.core.labels import Labelled


class ContactKind(Labelled):
    """A contact from afar, or a visit at home."""

    CONTACT = "contact", "联系"
    VISIT = "visit", "入户走访"


class ContactChannel(Labelled):
    """By which means; 官方方案 三(一): 电话、微信、短信等多种方式."""

    CALL = "call", "电话"
    WECHAT = "wechat", "微信"
    SMS = "sms", "短信"
    IN_PERSON = "in_person", "当面"
    OTHER = "other", "其他"


class ContactOutcome(Labelled):
    """Whom the cadre reached. An attempt is a record, not a contact."""

    REACHED_PERSON = "reached_person", "联系到本人"
    REACHED_GUARDIAN = "reached_guardian", "联系到监护人"
    TRIED = "tried", "未联系上"
