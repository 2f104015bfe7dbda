"""What campaigns say inside WeChat: plain, within the limits of fields, nothing about anybody's state."""

import re
from collections.abc import Mapping, Sequence
from datetime import date

from app.campaigns.enums import CampaignKind, PolicyAudience
from app.core.clock import chinese_day
from app.festivals.rules import FestivalOccasion, greetings_allowed
from app.messaging.enums import MessageState, Reason
from app.messaging.notices import Prepared, fit

# One place of a template of short messages takes so many characters (cloud.tencent.com 382/39023).
_SMS_PLACE = 12
_EXAMPLE_NAMES = ("王*兰", "张*明", "李*军")
TODAY_PAGE = "pages/today/index"
NOTICES_PAGE = "pages/notices/index"

# A message names no disability, hardship, ID number or address (product rule 4): it is read on the lock
# screen by whoever holds the phone.
_REVEALING = re.compile(
    r"残疾|残障|残废|智障|精神病|精神障碍|盲人|聋|哑|瘫|低保|特困|贫困|困难|救助对象|孤儿|重度"
    r"|视力|听力|言语|肢体|智力|[一二三四1-4]级|\d{6,}|身份证|证号|住址"
)
# Greetings are never template messages (模板消息运营规范 3.9.1), and no greeting fits a day of mourning.
_GREETING = re.compile(r"快乐|祝您|祝你|祝福|恭祝|敬祝|恭贺|恭喜|新年好|新春好|吉祥|如意|安康|贺岁|拜年")


def revealing_words(text: str) -> list[str]:
    """Return the words of a text that tell strangers about disability, hardship, numbers or addresses."""
    return list(dict.fromkeys(_REVEALING.findall(text)))


def greeting_words(text: str) -> list[str]:
    """Return the words of a text that make it a greeting."""
    return list(dict.fromkeys(_GREETING.findall(text)))


def festival_reminder(*, occasion: FestivalOccasion, masked_names: Sequence[str]) -> Prepared:
    """Tell a cadre whom to call before a festival.

    Args:
        occasion: the festival, or several on one day.
        masked_names: families that are still waiting for a call, at least one.
    """
    wish = "" if greetings_allowed(occasion) else "，宜慰问"
    more = f"等{len(masked_names)}人" if len(masked_names) > 1 else ""
    return Prepared(
        fields={
            "thing1": fit("thing1", f"{occasion.label}前请联系{wish}"),
            "thing2": fit("thing2", f"{masked_names[0]}{more}"),
            "date3": fit("date3", chinese_day(occasion.on)),
        },
        page=TODAY_PAGE,
    )


def policy_notice(*, title: str, on: date) -> Prepared:
    """Tell a guardian that there is a notice, by its title alone, in fields and in one sentence.

    Args:
        title: of the notice, checked by `revealing_words` when it was composed.
        on: the day on which it is sent.
    """
    return Prepared(
        fields={
            "thing1": fit("thing1", "您有1条政策通知"),
            "thing2": fit("thing2", title),
            "date3": fit("date3", chinese_day(on)),
        },
        page=NOTICES_PAGE,
        text=f"您有1条政策通知：{title}。请在小程序里打开“通知”查看全文。",
    )


def words_of(
    kind: CampaignKind, *, title: str, text: str, occasion: FestivalOccasion | None, on: date
) -> str:
    """Return what a recipient will read in WeChat, before he opens anything; names are an example.

    Args:
        kind: of the campaign.
        title: of it.
        text: of it.
        occasion: of a reminder or greeting.
        on: the day on which it is sent.
    """
    if kind is CampaignKind.FESTIVAL_GREETING:
        return text
    if kind is CampaignKind.FESTIVAL_REMINDER and occasion is not None:
        read = festival_reminder(occasion=occasion, masked_names=_EXAMPLE_NAMES)
    else:
        read = policy_notice(title=title, on=on)
    return "，".join(read.fields.values())


def short_notice(*, title: str, phone: str) -> Prepared:
    """Tell a guardian by a short message that there is a notice; its template has one place, the title.

    Args:
        title: of the notice.
        phone: to which number.
    """
    short = title if len(title) <= _SMS_PLACE else f"{title[: _SMS_PLACE - 1]}…"
    # The whole title too, or two notices whose titles begin alike would pass for the same words twice.
    return Prepared(fields={"title": short}, text=title, phone=phone)


def call_sentence(*, guardian: str, beneficiary: str, title: str, until: str) -> str:
    """Tell a cadre in one sentence whom to call and what to tell.

    Args:
        guardian: masked name of whom to call.
        beneficiary: masked name of whose guardian that is.
        title: of the notice.
        until: when it would come too late, in words.
    """
    return f"请在{until}前打电话告诉{guardian}（{beneficiary}的监护人）：{title}"


# What an admin can do about those who did not get it.
_REMEDIES: Mapping[Reason, str] = {
    Reason.NOT_BOUND: "请本人打开小程序登录，或扫码关注并绑定；绑定后可以在这里重新发送",
    Reason.NO_CREDIT: "请本人在微信里再次允许；允许后可以在这里重新发送",
    Reason.NO_CONSENT: (
        "愿意接收通知的，请监护人扫绑定码或者在服务号里回复“恢复”；祝福和短信请登记他的同意；之后可以在这里重新发送"
    ),
    Reason.NOT_FOLLOWING: "请监护人关注服务号；关注后可以在这里重新发送",
    Reason.MUTED: "本人不愿意接收，请不要再发，需要时打电话",
    Reason.BEREAVEMENT: "不需要处理",
    Reason.NOTHING_DUE: "不需要处理：家里都已经联系过",
    Reason.ALREADY_REMINDED: "不需要处理：同一节日已经提醒过",
    Reason.NO_GAP: "不需要处理：这项政策不用再通知",
    Reason.LEFT_OFFICE: "请为他的帮扶对象更换帮扶干部",
    Reason.TOO_LATE: "已过合适的时间，不再发送；需要时打电话",
    Reason.CAMPAIGN_CANCELLED: "任务已取消；仍然需要的，请重新起草",
    Reason.SAME_TEXT: "不需要处理：同样的内容一周内已经发给他",
    Reason.QUOTA_USED_UP: "不需要处理：额度恢复后自动发送",
    Reason.DAILY_CAP: "当天消息已多，没有再打扰；需要时打电话",
    Reason.MONTH_QUOTA: "下个月可以再群发；急事请改用其他方式或打电话",
    Reason.WINDOW_CLOSED: "对方在服务号里留言后48小时内才能发送，需要时打电话",
    Reason.TOO_FEW: "只有一个人时不能群发，请打电话或改用其他方式",
    Reason.NO_CADRE: "请先为这个家庭安排帮扶干部",
    Reason.DECLINED: "不需要处理",
    Reason.ALREADY_REACHED: "不需要处理：已经有人联系过，不再群发",
    Reason.CHANNEL_OFF: "需要这种方式的，请联系信息中心开通",
    Reason.QUOTA_USED: "请把任务分到几天发送，或者请干部打电话",
    Reason.TOO_SLOW: "请提早发送或缩小范围",
    Reason.NO_PHONE: "请在名单中补上手机号；补上后可以在这里重新发送",
    Reason.REFUSED_BY_SMS: "请核对登记的手机号；号码无误的，请打电话",
    Reason.REFUSED_BY_WECHAT: "微信暂时的问题可以重新发送；微信标识无效的，请本人重新进入小程序或重新关注",
    Reason.BAD_CONTENT: "请联系信息中心核对模板，改好内容后重新起草",
    Reason.BLOCKED_BY_USER: "对方在微信里拒收，请打电话",
    Reason.UNANSWERED: "请电话核实是否收到，然后在逐人结果里登记",
    Reason.CRASHED_WHILE_SENDING: "请电话核实是否收到，然后在逐人结果里登记",
    Reason.NOT_ARRIVED: "已核实没有收到，可以重新发送一次",
}
_OUTCOMES: Mapping[MessageState, str] = {
    MessageState.SENT: "已发出",
    MessageState.DELIVERED: "已送达",
    MessageState.HELD: "微信审核中",
    MessageState.UNKNOWN: "结果未知",
    MessageState.SENDING: "正在发送",
}


def remedy(reason: Reason) -> str:
    """Return what an admin can do about messages that did not arrive for this reason."""
    return _REMEDIES[reason]


def already_left(counts: Mapping[MessageState, int]) -> str:
    """Tell what cannot be called back when a campaign is cancelled.

    Args:
        counts: how many messages are in which state.
    """
    left = [f"{word}{counts[state]}条" for state, word in _OUTCOMES.items() if counts.get(state)]
    if not left:
        return "还没有发出任何消息"
    return f"已经离开系统、不能收回的：{'，'.join(left)}"


def why_concerned(*, audience: PolicyAudience, policy: str, masked_names: Sequence[str]) -> str:
    """Tell a guardian why he got a notice about a policy; read by himself alone, inside the mini program.

    Args:
        audience: to whom of those whom the policy concerns it went.
        policy: what the policy is called.
        masked_names: of his families that it concerns at this moment; none when that has changed since.
    """
    if not masked_names:
        return f"为什么收到：发出时，您家登记的情况与“{policy}”有关。"
    who = "、".join(masked_names)
    if audience is PolicyAudience.RECEIVED:
        return f"为什么收到：{who}正在享受“{policy}”，这项政策有变化。"
    return f"为什么收到：按登记的情况，{who}可能可以享受“{policy}”，目前还没有享受。以办理部门的审核为准。"
