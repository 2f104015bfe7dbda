"""Words for the persons of the register: values as the database keeps them, labels as people read them."""

from app.core.labels import Labelled


class Sex(Labelled):
    """Sex as the identity number tells it."""

    MALE = "male", "男"
    FEMALE = "female", "女"


class DisabilityCategory(Labelled):
    """The seven categories of disability, numbered as in digit 19 of a certificate (GB/T 26341-2010)."""

    VISION = "vision", "视力残疾"
    HEARING = "hearing", "听力残疾"
    SPEECH = "speech", "言语残疾"
    LIMB = "limb", "肢体残疾"
    INTELLECTUAL = "intellectual", "智力残疾"
    MENTAL = "mental", "精神残疾"
    MULTIPLE = "multiple", "多重残疾"

    @property
    def digit(self) -> int:
        """Return the number of this category in a certificate number, 1 to 7."""
        return list(type(self)).index(self) + 1

    @classmethod
    def from_digit(cls, digit: int) -> "DisabilityCategory":
        """Return the category that digit 19 of a certificate names.

        Raises:
            ValueError: the digit is not 1 to 7.
        """
        for category in cls:
            if category.digit == digit:
                return category
        raise ValueError(f"残疾类别应为1至7，不能是{digit}")


class CertificateStatus(Labelled):
    """Whether a disability certificate counts today."""

    VALID = "valid", "有效"
    FROZEN = "frozen", "冻结"
    CANCELLED = "cancelled", "注销"
    MOVED_OUT = "moved_out", "迁出"


class Relief(Labelled):
    """What social relief a person lives on; only 低保 and 特困 open the scheme, the rest opens policies."""

    NONE = "none", "无"
    DIBAO_URBAN = "dibao_urban", "城市低保"
    DIBAO_RURAL = "dibao_rural", "农村低保"
    TEKUN_DISPERSED = "tekun_dispersed", "分散特困供养"
    TEKUN_CENTRAL = "tekun_central", "集中特困供养"
    DIBAO_EDGE = "dibao_edge", "低保边缘"
    RIGID = "rigid", "刚性支出困难"
    POVERTY_MONITORED = "poverty_monitored", "防返贫监测"


class Residence(Labelled):
    """Whether a household lives in the country or in town."""

    RURAL = "rural", "农村"
    URBAN = "urban", "城镇"
    UNKNOWN = "unknown", "未填写"


class BeneficiaryStatus(Labelled):
    """Whether a person (帮扶对象) still belongs to the register."""

    ACTIVE = "active", "在册"
    DECEASED = "deceased", "已去世"
    MOVED_AWAY = "moved_away", "已迁出"
    NO_LONGER_ELIGIBLE = "no_longer_eligible", "不再符合条件"


class CadreRank(Labelled):
    """The rank that decides whether a cadre must take part (官方方案 一(二)) or does so of free will."""

    DIVISION = "division", "处级及以上"
    SECTION = "section", "科级"
    OTHER = "other", "其他"


class CadreStatus(Labelled):
    """Whether a cadre (帮扶干部) is at his post."""

    ACTIVE = "active", "在岗"
    LEFT = "left", "已调离"
    RETIRED = "retired", "已退休"


class GuardianRelation(Labelled):
    """What a guardian is to the person in his care."""

    SPOUSE = "spouse", "配偶"
    PARENT = "parent", "父母"
    CHILD = "child", "子女"
    SIBLING = "sibling", "兄弟姐妹"
    GRANDPARENT = "grandparent", "祖父母、外祖父母"
    OTHER_RELATIVE = "other_relative", "其他亲属"
    VILLAGE_COMMITTEE = "village_committee", "村（居）民委员会"
    OTHER = "other", "其他"


class GuardianReach(Labelled):
    """Whether a policy notice can reach a guardian now, and if not, what is missing."""

    RECEIVES = "receives", "可以接收"
    MUTED = "muted", "已退订"
    NO_CONSENT = "no_consent", "还没有扫码同意接收"
    NOT_FOLLOWING = "not_following", "已取消关注服务号"


class EligibilityReason(Labelled):
    """Why a person is not, or not yet, known to be a beneficiary of the scheme."""

    CERTIFICATE_UNKNOWN = "certificate_unknown", "没有残疾人证信息"
    CERTIFICATE_NOT_VALID = "certificate_not_valid", "残疾人证不是有效状态"
    GRADE_UNKNOWN = "grade_unknown", "没有残疾等级信息"
    GRADE_NOT_SEVERE = "grade_not_severe", "残疾等级不是一级或二级"
    RELIEF_UNKNOWN = "relief_unknown", "没有低保、特困信息"
    NOT_ON_RELIEF = "not_on_relief", "没有享受低保或特困供养"


class PriorityFlag(Labelled):
    """Why a person is to be paired before others."""

    RURAL = "rural", "农村"
    SEVERAL_DISABLED = "several_disabled", "一户多残"
    ELDERLY_CARER = "elderly_carer", "以老养残"
    SEVERELY_DISABLED_CHILD = "severely_disabled_child", "困难重度残疾儿童"


class MuteReason(Labelled):
    """Why a family is left in peace on festivals; policy notices and the bot go on."""

    BEREAVEMENT = "bereavement", "家中有丧事"
    FAMILY_WISH = "family_wish", "家属不希望节日打扰"


class ConsentPurpose(Labelled):
    """What a guardian agreed to; the value is also the purpose that a message carries."""

    POLICY_NOTICE = "policy_notice", "接收惠残政策通知"
    FESTIVAL_GREETING = "festival_greeting", "接收节日祝福"


class ConsentChannel(Labelled):
    """By which way he agreed to be reached; the value is also the channel of a message.

    The one for template messages covers whatever the service account sends of that purpose; of 订阅通知 each
    credit is a consent of its own (`SubscriptionCredit`).
    """

    OFFICIAL_TEMPLATE = "official_template", "服务号消息"
    MASS_SEND = "mass_send", "服务号群发"
    SMS = "sms", "短信"


class RevealField(Labelled):
    """One sealed fact of a beneficiary that may be shown in full, with a reason, one at a time."""

    NAME = "name", "姓名"
    ID_NUMBER = "id_number", "身份证号"
    CERTIFICATE = "certificate", "残疾人证号"
    PHONE = "phone", "联系电话"
    ADDRESS = "address", "住址"
