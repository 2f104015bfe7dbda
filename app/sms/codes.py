"""What each code of a provider means for the message that met it, as data.

Source: cloud.tencent.com/document/product/382/59177 (SendSms 错误码, API 2021-01-11) and
cloud.tencent.com/document/api/382/52071 (公共错误码).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Reaction(Enum):
    """What the sender does about a refusal; the values are those of WeChat's errcode table."""

    LATER = "later"
    SLOWER = "slower"
    NEXT_DAY = "next_day"
    GIVE_UP_RECIPIENT = "give_up_recipient"
    STOP_CAMPAIGN = "stop_campaign"
    STOP_ACCOUNT = "stop_account"
    # Not a refusal at all: the provider itself does not know.
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRule:
    """One row of the table.

    Args:
        code: the provider's word.
        reaction: what to do now.
        sentence: the reason in words that a clerk understands.
        wait_seconds: wait at least this long before another try; None leaves it to the sender.
        retries: how many more tries are worth it; None means until the message is too old.
    """

    code: str
    reaction: Reaction
    sentence: str
    wait_seconds: int | None = None
    retries: int | None = None


_PLAIN: Mapping[Reaction, Mapping[tuple[str, ...], str]] = {
    Reaction.SLOWER: {
        ("RequestLimitExceeded", "LimitExceeded.DeliveryFrequencyLimit"): "发送得太快，系统会放慢后重发",
    },
    Reaction.LATER: {
        ("ResourceUnavailable",): "短信平台繁忙，稍后自动重发",
        ("LimitExceeded.PhoneNumberThirtySecondLimit",): "这个号码刚刚收到过短信，稍后自动重发",
        # A matter of one number: nobody else waits for it.
        (
            "LimitExceeded.PhoneNumberDailyLimit",
            "LimitExceeded.PhoneNumberOneHourLimit",
        ): "这个号码收到的短信已达上限，过后自动重发",
    },
    Reaction.NEXT_DAY: {
        (
            "LimitExceeded.AppDailyLimit",
            "LimitExceeded.AppMainlandChinaDailyLimit",
            "LimitExceeded.DailyLimit",
        ): "今天的短信条数已到设定的上限，明天继续",
    },
    Reaction.GIVE_UP_RECIPIENT: {
        (
            "InvalidParameterValue.IncorrectPhoneNumber",
            "FailedOperation.PhoneNumberParseFail",
            "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone",
        ): "手机号不正确，请核对登记的号码",
        ("FailedOperation.PhoneNumberInBlacklist",): "这个号码已退订短信或在运营商免打扰名单中",
        ("LimitExceeded.PhoneNumberSameContentDailyLimit",): "这个号码今天已收到过相同内容的短信",
    },
    Reaction.STOP_CAMPAIGN: {
        (
            "FailedOperation.ContainSensitiveWord",
            "InvalidParameter.DirtyWordFound",
            "InvalidParameterValue.TemplateWithDirtyWords",
        ): "短信内容含有敏感词，请修改内容",
        (
            "FailedOperation.TemplateIdNotExist",
            "FailedOperation.TemplateIncorrectOrUnapproved",
            "FailedOperation.TemplateParamSetNotMatchApprovedTemplate",
            "FailedOperation.TemplateUnapprovedOrNotExist",
        ): "短信模板未通过审核或与内容不一致，请联系信息中心核对模板",
        (
            "InvalidParameterValue.ContentLengthLimit",
            "InvalidParameterValue.TemplateParameterLengthLimit",
            "InvalidParameterValue.TemplateParameterFormatError",
            "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter",
        ): "短信内容太长或含有不允许的字符，请修改标题",
        (
            "FailedOperation.FailResolvePacket",
            "FailedOperation.JsonParseFail",
            "FailedOperation.OtherError",
            "FailedOperation.ParametersOtherError",
            "InvalidParameter",
            "InvalidParameter.InvalidParameters",
            "MissingParameter",
            "UnsupportedOperation",
        ): "短信平台认为请求不正确，请联系信息中心",
    },
    Reaction.STOP_ACCOUNT: {
        (
            "FailedOperation.InsufficientBalanceInSmsPackage",
            "UnauthorizedOperation.ServiceSuspendDueToArrears",
        ): "短信套餐余量不足或已欠费，请联系信息中心充值；充值后自动继续",
        (
            "FailedOperation.MissingSignature",
            "FailedOperation.MissingSignatureList",
            "FailedOperation.SignatureIncorrectOrUnapproved",
        ): "短信签名未通过审核，请联系信息中心核对签名",
        (
            "AuthFailure.InvalidSecretId",
            "AuthFailure.SecretIdNotFound",
            "AuthFailure.SignatureExpire",
            "AuthFailure.SignatureFailure",
            "AuthFailure.TokenFailure",
            "AuthFailure.UnauthorizedOperation",
            "InternalError.RequestTimeException",
            # The SDK's own word for keys that cannot be keys.
            "InvalidCredential",
            "InvalidParameterValue.SdkAppIdNotExist",
            "UnauthorizedOperation.RequestIpNotInWhitelist",
            "UnauthorizedOperation.RequestPermissionDeny",
            "UnauthorizedOperation.SdkAppIdIsDisabled",
            "UnauthorizedOperation.SmsSdkAppIdVerifyFail",
        ): "短信账号的密钥、应用或访问地址设置不正确，请联系信息中心",
    },
    Reaction.UNANSWERED: {
        # Something broke over there, perhaps after the message was handed on, and no key guards a repeat.
        ("InternalError", "InternalError.UnknownError"): "短信平台内部出错，无法确定是否已发出",
        (
            "InternalError.SendAndRecvFail",
            "InternalError.Timeout",
            "InternalError.ParseBackendResponseFail",
        ): "短信平台没有得到运营商的回答，无法确定是否已发出",
    },
}
_WAITS: Mapping[str, int] = {
    "LimitExceeded.PhoneNumberThirtySecondLimit": 31,
    "LimitExceeded.PhoneNumberOneHourLimit": 3600,
    "LimitExceeded.PhoneNumberDailyLimit": 12 * 3600,
}
_RETRIES = 5

RULES: Mapping[str, CodeRule] = {
    code: CodeRule(
        code=code,
        reaction=reaction,
        sentence=sentence,
        wait_seconds=_WAITS.get(code),
        retries=_RETRIES if reaction is Reaction.LATER else None,
    )
    for reaction, groups in _PLAIN.items()
    for codes, sentence in groups.items()
    for code in codes
}
UNKNOWN_SENTENCE = "短信平台返回了未收录的错误码，这一条没有发出"


def reaction_to(code: str) -> CodeRule:
    """Return what a code means; a code that nobody has described gives up its recipient.

    An inner error of the provider is never a certain no, whatever it is called.

    Args:
        code: the provider's word, of which the part before the point may be known alone.
    """
    rule = RULES.get(code)
    if rule is not None:
        return rule
    family = code.partition(".")[0]
    if family in {"AuthFailure", "UnauthorizedOperation"}:
        known = RULES["AuthFailure.SignatureFailure"]
        return CodeRule(code=code, reaction=known.reaction, sentence=known.sentence)
    if family == "InternalError":
        return CodeRule(code=code, reaction=Reaction.UNANSWERED, sentence=RULES["InternalError"].sentence)
    return CodeRule(code=code, reaction=Reaction.GIVE_UP_RECIPIENT, sentence=UNKNOWN_SENTENCE)
