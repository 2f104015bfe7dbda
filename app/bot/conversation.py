"""What the bot does with words: looks up, writes down, hands over, and what it says to that."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.accounts.rules import Scope
from app.bot import dialogues, policy_replies, queries, replies
from app.bot.dialogues import Asked
from app.bot.enums import DialogueKind, PushKind
from app.bot.intents import domain_of
from app.bot.replies import MOST_CHOICES, Heard
from app.core.clock import china_date
from app.core.pagination import PageQuery
from app.needs import operations as needs
from app.needs.enums import InquiryKind, NeedDomain, Speaker
from app.needs.queries import latest_answers, needs_in, own_families, untold_answers, waiting_inquiries
from app.people.models import Guardian

# What one guardian may have waiting; beyond that a machine writes, or somebody in despair whom a cadre knows.
MOST_WAITING = 30
# For so long an answer is repeated to who asks for it.
ANSWERS_SHOWN = timedelta(days=30)

# What the numbers of replies.CHOICES mean, in their order.
_CHOSEN = (
    *(PushKind.MY_CADRE, PushKind.MY_POLICIES, PushKind.MY_NEEDS),
    *(PushKind.SETTINGS, PushKind.HELP),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """One message of a guardian.

    Args:
        openid: as the service account knows him.
        guardian: who he is.
        text: what is left of his words once the kind is known.
        evidence: names the push.
        now: when.
    """

    openid: str
    guardian: Guardian
    text: str | None
    evidence: str
    now: datetime

    @property
    def scope(self) -> Scope:
        """He sees his own family."""
        return Scope(guardian_id=self.guardian.id)


async def answer(kind: PushKind, talk: Talk) -> str:
    """Do what a guardian wants, once for each push, and return the words for him.

    Joins the transaction of the caller. A reply that shows the list of choices ends every other list: a
    number always answers what was shown last.
    """
    reply = await _ANSWERS[kind](talk)
    if replies.CHOICES[0] in reply:
        await dialogues.end(openid=talk.openid, now=talk.now)
    return reply


async def add_answers(reply: str, *, guardian: Guardian, now: datetime) -> str:
    """Return a reply with what persons answered to the guardian and no message could bring him.

    Joins the transaction of the caller, whose reply WeChat hands over at once.
    """
    waiting = await untold_answers(scope=Scope(guardian_id=guardian.id))
    if not waiting or not await needs.mark_told(inquiry_id=waiting[0].id, now=now):
        return reply
    first = waiting[0]
    heard = Heard(asked=first.text, answer=first.answer or "")
    return replies.with_answer(reply, heard, more=len(waiting) > 1)


async def _my_cadre(talk: Talk) -> str:
    cadres = await queries.cadres_of_family(scope=talk.scope, today=china_date(talk.now))
    return replies.my_cadres(cadres, federation=await _federation(talk))


async def _help(talk: Talk) -> str:
    return replies.help_text(federation=await _federation(talk))


async def _settings(talk: Talk) -> str:
    consents = await queries.consents_in_words(scope=talk.scope)
    return replies.settings(muted=talk.guardian.muted_at is not None, consents=consents)


async def _who_looked(talk: Talk) -> str:
    return replies.who_looked(await queries.looks_at_family(scope=talk.scope))


async def _thanks(_: Talk) -> str:
    return replies.thanks()


async def _picture(_: Talk) -> str:
    return replies.picture()


async def _question(talk: Talk) -> str:
    return await _hand_over(talk, InquiryKind.QUESTION) if talk.text else replies.how_to_ask()


async def _unclear(talk: Talk) -> str:
    return await _hand_over(talk, InquiryKind.UNCLEAR)


async def _voice(talk: Talk) -> str:
    return await _hand_over(talk, InquiryKind.VOICE)


async def _hand_over(talk: Talk, kind: InquiryKind) -> str:
    if await waiting_inquiries(scope=talk.scope) >= MOST_WAITING:
        return replies.enough_waiting()
    await needs.take_inquiry(
        guardian=talk.guardian, kind=kind, text=talk.text, evidence=talk.evidence, now=talk.now
    )
    return replies.handed_over()


async def _opinion(talk: Talk) -> str:
    if not talk.text:
        return replies.how_to_opine()
    await needs.give_opinion(guardian=talk.guardian, text=talk.text, evidence=talk.evidence, now=talk.now)
    return replies.opinion_kept()


async def _my_needs(talk: Talk) -> str:
    today = china_date(talk.now)
    found, _ = await needs_in(
        scope=talk.scope, page=PageQuery(limit=MOST_CHOICES), today=today, open_only=True
    )
    answered = await latest_answers(scope=talk.scope, since=talk.now - ANSWERS_SHOWN)
    return replies.my_needs(
        await queries.needs_in_words(scope=talk.scope, needs=found),
        heard=[Heard(asked=one.text, answer=one.answer or "") for one in answered],
        waiting=await waiting_inquiries(scope=talk.scope),
    )


async def _need(talk: Talk) -> str:
    families = await own_families(scope=talk.scope)
    if not families:
        return replies.nobody_kept()
    asked = Asked(
        kind=DialogueKind.WHOSE_NEED,
        options=tuple(str(one) for one in families),
        words=talk.text,
        evidence=talk.evidence,
    )
    if len(families) == 1:
        return await _raise(talk, asked, families[0])
    # What he was asked before and never answered is not lost.
    await dialogues.end(openid=talk.openid, now=talk.now)
    return await _show(talk, asked)


async def _raise(talk: Talk, asked: Asked, beneficiary_id: int) -> str:
    words = asked.words or ""
    wish = needs.Wish(
        # The push in which the need came: the same push twice is one need.
        client_id=asked.evidence,
        beneficiary_id=beneficiary_id,
        domain=NeedDomain(domain_of(words)),
        text=words,
    )
    names = await queries.family_names(scope=talk.scope)
    try:
        await needs.raise_need(speaker=Speaker.GUARDIAN, speaker_id=talk.guardian.id, wish=wish, now=talk.now)
    except needs.TooManyOpen:
        return replies.too_many_needs(beneficiary=names[beneficiary_id])
    return replies.need_raised(beneficiary=names[beneficiary_id])


async def _my_policies(talk: Talk) -> str:
    people = await queries.policies_of_family(scope=talk.scope, day=china_date(talk.now))
    if not people:
        return replies.nobody_kept()
    if len(people) == 1:
        return await _show(talk, _policies(people[0]))
    options = tuple(str(one.beneficiary_id) for one in people)
    return await _show(talk, Asked(kind=DialogueKind.WHOSE_POLICIES, options=options))


def _policies(person: policy_replies.PersonPolicies) -> Asked:
    return Asked(
        kind=DialogueKind.POLICIES,
        options=tuple(line.key for line in person.lines),
        person=person.beneficiary_id,
    )


async def _show(talk: Talk, asked: Asked) -> str:
    """Show one page of a list, and remember it as what a number answers."""
    if asked.options:
        await dialogues.keep(asked, openid=talk.openid, now=talk.now)
    if asked.kind is DialogueKind.WHOSE_NEED:
        names = await queries.family_names(scope=talk.scope)
        shown = [names[int(one)] for one in asked.shown if int(one) in names]
        return replies.whose_need(shown, more=asked.has_more)
    people = await queries.policies_of_family(scope=talk.scope, day=china_date(talk.now))
    if asked.kind is DialogueKind.WHOSE_POLICIES:
        known = {str(one.beneficiary_id): one for one in people}
        return policy_replies.whose_policies(
            [known[one] for one in asked.shown if one in known], more=asked.has_more
        )
    person = _person(people, asked.person)
    if person is None:
        return replies.nobody_kept()
    lines = {line.key: line for line in person.lines}
    return policy_replies.policies_of(
        person, [lines[key] for key in asked.shown if key in lines], more=asked.has_more
    )


async def _number(talk: Talk) -> str:
    number = int(talk.text or "0")
    asked = await dialogues.latest(openid=talk.openid, now=talk.now)
    if asked is None:
        if number > len(_CHOSEN):
            return replies.no_such_choice()
        return await _ANSWERS[_CHOSEN[number - 1]](replace(talk, text=None))
    option = asked.chosen(number)
    if option is None:
        return await _show(talk, asked)
    return await _choose(talk, asked, option)


async def _choose(talk: Talk, asked: Asked, option: str) -> str:
    if asked.kind is DialogueKind.WHOSE_NEED:
        if int(option) not in await own_families(scope=talk.scope):
            return await _show(talk, asked)
        reply = await _raise(talk, asked, int(option))
        await dialogues.end(openid=talk.openid, now=talk.now, settled=True)
        return reply
    people = await queries.policies_of_family(scope=talk.scope, day=china_date(talk.now))
    if asked.kind is DialogueKind.WHOSE_POLICIES:
        person = _person(people, int(option))
        return replies.nobody_kept() if person is None else await _show(talk, _policies(person))
    person = _person(people, asked.person)
    line = next((one for one in person.lines if one.key == option), None) if person is not None else None
    if person is None or line is None:
        return await _my_policies(talk)
    return policy_replies.policy(line, person=person.name)


async def _more(talk: Talk) -> str:
    asked = await dialogues.latest(openid=talk.openid, now=talk.now)
    if asked is None or not asked.has_more:
        return replies.nothing_more()
    return await _show(talk, replace(asked, first=asked.first + MOST_CHOICES))


def _person(
    people: Sequence[policy_replies.PersonPolicies], beneficiary_id: int | None
) -> policy_replies.PersonPolicies | None:
    return next((one for one in people if one.beneficiary_id == beneficiary_id), None)


async def _federation(talk: Talk) -> str | None:
    return await queries.federation_name(region_code=talk.guardian.region_code)


_ANSWERS: Mapping[PushKind, Callable[[Talk], Awaitable[str]]] = {
    PushKind.MY_CADRE: _my_cadre,
    PushKind.MY_POLICIES: _my_policies,
    PushKind.MY_NEEDS: _my_needs,
    PushKind.NEED: _need,
    PushKind.QUESTION: _question,
    PushKind.UNCLEAR: _unclear,
    PushKind.VOICE: _voice,
    PushKind.PICTURE: _picture,
    PushKind.OPINION: _opinion,
    PushKind.WHO_LOOKED: _who_looked,
    PushKind.SETTINGS: _settings,
    PushKind.NUMBER: _number,
    PushKind.MORE: _more,
    PushKind.THANKS: _thanks,
    PushKind.HELP: _help,
}
SPOKEN = frozenset(_ANSWERS)
