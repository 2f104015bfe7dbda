"""What each errcode of WeChat means for the message that met it, as data.

Sources: the error tables of the API pages at developers.weixin.qq.com (subscribe/send, template/send,
custom/send, stable_token, code2session, getuserphonenumber) and, for codes marked 未公开, posts by senders
in developers.weixin.qq.com/community.
"""

from dataclasses import dataclass
from enum import Enum


class Reaction(Enum):
    """What the sender does about a refusal."""

    TOKEN = "token"  # noqa: S105 - the name of a reaction
    LATER = "later"
    SLOWER = "slower"
    NEXT_DAY = "next_day"
    HELD = "held"
    GIVE_UP_RECIPIENT = "give_up_recipient"
    STOP_CAMPAIGN = "stop_campaign"
    STOP_ACCOUNT = "stop_account"
    DONE = "done"


class RecipientFact(Enum):
    """What a refusal teaches us about the recipient, beyond this one message."""

    UNFOLLOWED = "unfollowed"
    CREDIT_SPENT = "credit_spent"
    WRONG_OPENID = "wrong_openid"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrcodeRule:
    """One row of the table.

    Args:
        errcode: WeChat's number.
        reaction: what to do now.
        sentence: the reason in words that a clerk understands.
        known: False when the table has no such row.
        wait_seconds: wait at least this long before another try; None leaves it to the sender.
        retries: how many more tries are worth it; None means until the message is too old.
        afterwards: the reaction when those tries are used up.
        stop_campaign_after: this many in a row stop the campaign; with ``STOP_CAMPAIGN``, fewer may pass.
        fact: what to remember about the recipient.
    """

    errcode: int
    reaction: Reaction
    sentence: str
    known: bool = True
    wait_seconds: int | None = None
    retries: int | None = None
    afterwards: Reaction = Reaction.GIVE_UP_RECIPIENT
    stop_campaign_after: int | None = None
    fact: RecipientFact | None = None


UNKNOWN_SENTENCE = "微信返回了未收录的错误码，这一条没有发出"
# Of codes nobody has described, this many in a row are no longer one person's matter.
UNKNOWN_IN_A_ROW = 5

_PLAIN: dict[Reaction, dict[tuple[int, ...], str]] = {
    Reaction.TOKEN: {
        (40001, 40014, 42001): "访问凭证失效，系统会自动更换后重发",
    },
    Reaction.LATER: {
        (268487001, 268487002, 886001, 200001): "微信系统繁忙，稍后自动重发",
    },
    Reaction.NEXT_DAY: {
        (45009,): "今天的接口调用次数已用完，明天继续",
    },
    Reaction.HELD: {
        (40252,): "微信平台正在审核这条消息，通过后由微信送达，不需要重发（未公开）",
    },
    Reaction.GIVE_UP_RECIPIENT: {
        (40029,): "登录或手机号凭证已失效，请重新操作一次",
        (40163,): "登录凭证已经用过，请重新进入小程序",
        (40226,): "微信判定该用户为高风险用户，暂不能登录",
        (43019,): "对方在账号的黑名单里",
        (48002,): "对方已设置拒收消息",
        (45015,): "对方超过规定时间没有互动，不能发送客服消息",
        (45047,): "这段时间内的客服消息条数已用完",
        (50002,): "对方的微信账号被限制或已注销",
        (70000,): "对方处于未成年人保护，不能接收",
    },
    Reaction.STOP_CAMPAIGN: {
        (40008, 40035, 40036, 40039, 40097): "消息格式不符合微信要求，请联系信息中心",
        (40033, 44002, 47001): "消息内容为空或无法识别，请联系信息中心",
        (41028, 41029): "使用了已停用的表单凭证，请联系信息中心",
        (41030,): "跳转的小程序页面不存在或尚未发布",
        (43107,): "这个模板的订阅能力被微信封禁",
        (43116,): "这个模板被微信限制下发",
        (43002, 43302): "接口请求方式有误，请联系信息中心",
        (45002, 45003, 45004, 45005, 45006, 45007, 45008): "消息内容超出长度或数量限制",
        (40007,): "群发的素材不存在或已失效，请联系信息中心",
        (40031, 40032, 40130): "群发名单不符合微信要求（2至10000人），请联系信息中心",
        (45028,): "本月群发次数已用完，下个月才能再群发",
        (45067,): "群发编号过长，请联系信息中心",
        (48008,): "账号没有发送这类消息的权限",
        (50001,): "账号没有使用这个接口的授权",
        (20001, 20002): "模板数据有误或类型混用，请检查模板设置",
        (*range(200011, 200023), 200100): "模板管理操作未被接受，请检查模板设置",
    },
    Reaction.STOP_ACCOUNT: {
        (40002, 41001, 41002, 41004, 40013, 40125): "账号参数不正确，请核对小程序或服务号的设置",
        (40164,): "服务器地址不在微信后台的 IP 白名单内",
        (40243,): "账号密钥已被冻结，请在微信后台解冻",
        (89503,): "调用需要账号管理员在微信里确认",
        (89506,): "管理员拒绝了服务器地址的调用，24 小时后才能再申请",
        (89507,): "管理员拒绝了服务器地址的调用，1 小时后才能再申请",
        (50004, 50007): "账号已被禁用或封禁",
        (43106,): "账号因违规不能添加模板",
        (45103, 45109): "微信已停用这个接口",
        (48001,): "账号没有这个接口的权限",
        (48004,): "接口因违规被封禁，请在微信后台查看通知",
        (48006,): "本月清零调用次数的机会已用完",
        (61004, 61007): "这个接口只对第三方平台开放，请联系信息中心",
    },
    Reaction.DONE: {
        (45065,): "同一编号的群发已经提交过，不再重复",
    },
}

_DETAILED = (
    ErrcodeRule(
        errcode=-1,
        reaction=Reaction.LATER,
        sentence="微信系统繁忙，稍后自动重发",
        wait_seconds=1,
        retries=4,
    ),
    ErrcodeRule(
        errcode=40003,
        reaction=Reaction.GIVE_UP_RECIPIENT,
        sentence="对方的微信标识无效，需要本人重新进入小程序或重新关注",
        fact=RecipientFact.WRONG_OPENID,
    ),
    ErrcodeRule(
        errcode=49003,
        reaction=Reaction.GIVE_UP_RECIPIENT,
        sentence="对方的微信标识不属于这个账号",
        fact=RecipientFact.WRONG_OPENID,
    ),
    ErrcodeRule(
        errcode=40037,
        reaction=Reaction.STOP_CAMPAIGN,
        sentence="消息模板不存在或已删除，请检查模板设置",
        stop_campaign_after=3,
    ),
    ErrcodeRule(
        errcode=40241,
        reaction=Reaction.LATER,
        sentence="微信提示 60 秒内重复，稍后确认一次（未公开）",
        wait_seconds=61,
        retries=1,
        afterwards=Reaction.DONE,
    ),
    ErrcodeRule(
        errcode=40249,
        reaction=Reaction.GIVE_UP_RECIPIENT,
        sentence="微信认为内容含营销或违规信息，没有发出",
        stop_campaign_after=3,
    ),
    ErrcodeRule(
        errcode=43004,
        reaction=Reaction.GIVE_UP_RECIPIENT,
        sentence="对方没有关注服务号",
        fact=RecipientFact.UNFOLLOWED,
    ),
    ErrcodeRule(
        errcode=50005,
        reaction=Reaction.GIVE_UP_RECIPIENT,
        sentence="对方已取消关注服务号",
        fact=RecipientFact.UNFOLLOWED,
    ),
    ErrcodeRule(
        errcode=43101,
        reaction=Reaction.GIVE_UP_RECIPIENT,
        sentence="对方没有订阅，或订阅次数已用完",
        fact=RecipientFact.CREDIT_SPENT,
    ),
    ErrcodeRule(
        errcode=43108,
        reaction=Reaction.LATER,
        sentence="正在给同一个人发送另一条消息，稍后自动重发",
        wait_seconds=5,
    ),
    ErrcodeRule(
        errcode=43117,
        reaction=Reaction.LATER,
        sentence="给对方发送过于频繁，几小时后再试（未公开）",
        wait_seconds=4 * 3600,
        retries=1,
    ),
    ErrcodeRule(
        errcode=45011,
        reaction=Reaction.SLOWER,
        sentence="这一分钟发送过快，降低速度后继续",
        wait_seconds=60,
    ),
    ErrcodeRule(
        errcode=44990,
        reaction=Reaction.SLOWER,
        sentence="这一秒发送过快，降低速度后继续",
        wait_seconds=60,
    ),
    ErrcodeRule(
        errcode=45066,
        reaction=Reaction.LATER,
        sentence="同一编号的群发重试过快，一分钟后再试",
        wait_seconds=60,
    ),
    ErrcodeRule(
        errcode=45168,
        reaction=Reaction.GIVE_UP_RECIPIENT,
        sentence="消息里有微信不允许的词语",
        stop_campaign_after=3,
    ),
    ErrcodeRule(
        errcode=47003,
        reaction=Reaction.GIVE_UP_RECIPIENT,
        sentence="消息里有一项内容不符合模板的要求",
        stop_campaign_after=5,
    ),
)

RULES: dict[int, ErrcodeRule] = {rule.errcode: rule for rule in _DETAILED} | {
    errcode: ErrcodeRule(errcode=errcode, reaction=reaction, sentence=sentence)
    for reaction, rows in _PLAIN.items()
    for errcodes, sentence in rows.items()
    for errcode in errcodes
}

# The access token is not (or no longer) good; nothing was done.
TOKEN_FAULTS = frozenset(code for code, rule in RULES.items() if rule.reaction is Reaction.TOKEN)


def reaction_to(errcode: int) -> ErrcodeRule:
    """Say what one errcode means for the message that met it.

    A code without a row gives up this recipient, with ``known`` False; five in a row stop the campaign.
    """
    rule = RULES.get(errcode)
    if rule is not None:
        return rule
    return ErrcodeRule(
        errcode=errcode,
        reaction=Reaction.GIVE_UP_RECIPIENT,
        sentence=UNKNOWN_SENTENCE,
        known=False,
        stop_campaign_after=UNKNOWN_IN_A_ROW,
    )
