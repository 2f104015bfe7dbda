"""The whole state of this WeChat, and what people do in it."""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox import events
from sandbox.clock import Clock
from sandbox.codes import Codes
from sandbox.config import Account, AccountKey, Person, SandboxConfig, Template
from sandbox.consents import Consents
from sandbox.faults import FaultBook, Latency
from sandbox.ledger import Entry, Ledger
from sandbox.limits import LimitBook
from sandbox.masses import MassBook
from sandbox.people import People, User
from sandbox.pushes import Pusher
from sandbox.receipts import Receipts
from sandbox.reviews import Reviews
from sandbox.tokens import Tokens
from sandbox.windows import Windows

#: Message ids of WeChat do not fit into a JavaScript number (wechat docs, api_sendmessage); neither do ours.
_FIRST_MSGID = 3_395_159_288_267_931_652
CLIENT_MSG_ID_WINDOW_S = 600.0
_TICK_S = 0.2


class NoSuchThing(Exception):
    """There is no such person, template or account here."""


@dataclass(slots=True)
class QrCode:
    """A parametric QR code; `expires_at` is None for a permanent one."""

    scene: str
    ticket: str
    expires_at: float | None


@dataclass(slots=True)
class World:
    """One WeChat: accounts, people, consents, tokens, codes, windows, faults, and the ledger of it all."""

    config: SandboxConfig
    clock: Clock = field(default_factory=Clock)
    tokens: Tokens = field(default_factory=Tokens)
    consents: Consents = field(default_factory=Consents)
    codes: Codes = field(default_factory=Codes)
    windows: Windows = field(default_factory=Windows)
    faults: FaultBook = field(default_factory=FaultBook)
    qr_codes: dict[str, QrCode] = field(default_factory=dict)
    menu: dict[str, Any] = field(default_factory=dict)
    # What was answered for a client_msg_id: (openid, id) to (msgid, when, errcode).
    repeats: dict[tuple[str, str], tuple[int, float, int]] = field(default_factory=dict)
    latency: Latency = field(default_factory=Latency)
    ledger: Ledger = field(init=False)
    people: People = field(init=False)
    pusher: Pusher = field(init=False)
    limits: LimitBook = field(init=False)
    masses: MassBook = field(init=False)
    receipts: Receipts = field(init=False)
    reviews: Reviews = field(init=False)
    _ids: "itertools.count[int]" = field(init=False)

    def __post_init__(self) -> None:
        self.ledger = Ledger(
            clock=self.clock,
            path=self.config.ledger_path,
            keep=self.config.ledger_keep,
            tally=self.config.tally,
        )
        self.people = People(self.config.accounts)
        self.pusher = Pusher(self.config, self.clock, self.ledger)
        self._ids = itertools.count(_FIRST_MSGID)
        self._without_scripts()

    def open(self) -> None:
        """Take up what the ledger remembers, then let the configured people in."""
        highest = _FIRST_MSGID
        for entry in self.ledger.open():
            self._restore(entry)
            highest = max(highest, int(entry.get("msgid") or 0))
        self._ids = itertools.count(highest + 1)
        self._admit_configured()

    def reset(self) -> None:
        """Begin again: everything forgotten but the configuration; the ledger's file keeps its past."""
        self.pusher.clear()
        self.ledger.append("act", act="reset")
        self.ledger.forget()
        self._forget()
        self.clock.offset = 0.0
        self.tokens, self.codes = Tokens(), Codes()
        self._without_scripts()
        self._admit_configured()

    async def follow_clock(self) -> None:
        """Do what the sandbox does by itself when its time comes, until cancelled."""
        while True:
            self.reviews.end_due()
            await asyncio.sleep(_TICK_S)

    def next_id(self) -> int:
        """An id for a message, larger than every one before."""
        return next(self._ids)

    def account(self, key: str) -> Account:
        """The account "mini" or "official"."""
        found = next((account for account in self.config.accounts.values() if account.key == key), None)
        if found is None:
            raise NoSuchThing(f"no account {key}")
        return found

    def user(self, reference: str) -> User:
        """Somebody by id or by openid."""
        user = self.people.find(reference)
        if user is None:
            raise NoSuchThing(f"nobody is called {reference}")
        return user

    def template(self, template_id: str) -> Template:
        """A configured template."""
        template = self.config.templates.get(template_id)
        if template is None:
            raise NoSuchThing(f"no template {template_id}")
        return template

    def admit(self, person: Person) -> User:
        """Somebody gets a phone; with `follows` they follow already, and nothing is pushed about it."""
        user = self.people.add(person)
        user.follows = person.follows
        user.followed_at = self.clock.now() if person.follows else 0.0
        facts = {
            "name": user.name,
            "phone": user.phone,
            "follows": user.follows,
            "openids": dict(user.openids),
        }
        self.ledger.append("act", act="admit", user=user.id, **facts)
        return user

    def follow(self, user: User, *, scene: str = "") -> Any:
        """Somebody follows the service account, perhaps by a QR code. Returns the future of the reply."""
        account, now = self.account("official"), self.clock.now()
        openid = user.openids["official"]
        ticket = self._ticket(scene) if scene else ""
        user.follows, user.followed_at, user.scene = True, now, scene
        self.windows.open(openid, "scan" if scene else "follow", now=now)
        self.ledger.append("act", act="follow", user=user.id, openid=openid, scene=scene)
        event = events.follow_event(account, openid, scene=scene, ticket=ticket, now=now)
        return self.pusher.send(event, wait=True)

    def unfollow(self, user: User) -> Any:
        """Somebody leaves the service account."""
        openid = user.openids["official"]
        user.follows = False
        self.windows.close(openid)
        self.ledger.append("act", act="unfollow", user=user.id, openid=openid)
        event = events.unfollow_event(self.account("official"), openid, now=self.clock.now())
        return self.pusher.send(event, wait=True)

    def scan(self, user: User, scene: str) -> Any:
        """Somebody scans the account's QR code: an event for a follower, a follow for anybody else."""
        if not user.follows:
            return self.follow(user, scene=scene)
        now, openid = self.clock.now(), user.openids["official"]
        ticket = self._ticket(scene)
        self.windows.open(openid, "scan", now=now)
        self.ledger.append("act", act="scan", user=user.id, openid=openid, scene=scene)
        event = events.scan_event(self.account("official"), openid, scene=scene, ticket=ticket, now=now)
        return self.pusher.send(event, wait=True)

    def say(self, user: User, text: str, *, account: AccountKey = "official") -> Any:
        """Somebody writes to the service account, or to the mini program's customer service."""
        now, openid, msg_id = self.clock.now(), user.openids[account], self.next_id()
        self.windows.open(openid, "message", now=now)
        self.ledger.append("act", act="say", user=user.id, openid=openid, account=account, text=text)
        event = events.text_message(self.account(account), openid, text, msg_id=msg_id, now=now)
        return self.pusher.send(event, wait=True)

    def click(self, user: User, key: str) -> Any:
        """Somebody taps a menu button of the service account."""
        now, openid = self.clock.now(), user.openids["official"]
        self.windows.open(openid, "click", now=now)
        self.ledger.append("act", act="click", user=user.id, openid=openid, key=key)
        return self.pusher.send(events.click_event(self.account("official"), openid, key, now=now), wait=True)

    def answer_popup(
        self, user: User, answers: Sequence[tuple[Template, bool]], *, times: int = 1
    ) -> dict[str, int]:
        """Somebody answers the subscription popup of one account; returns what is left per template.

        `times` accepts at once stand for as many popups, and are pushed as one event.
        """
        key = answers[0][0].account
        openid, left = user.openids[key], {}
        for template, accepts in answers:
            if accepts:
                left[template.id] = self.consents.accept(openid, template, times=times)
            else:
                left[template.id] = self.consents.reject(openid, template)
            facts = {"template_id": template.id, "times": times, "left": left[template.id]}
            self.ledger.append(
                "act", act="accept" if accepts else "reject", user=user.id, openid=openid, **facts
            )
        results = [(template.id, "accept" if accepts else "reject") for template, accepts in answers]
        self.pusher.send(events.popup_event(self.account(key), openid, results, now=self.clock.now()))
        return left

    def grant(self, user: User, template: Template, *, times: int) -> None:
        """Give consent as if the popup had been accepted earlier; nothing is pushed about it."""
        openid = user.openids[template.account]
        left = self.consents.accept(openid, template, times=times)
        facts = {"template_id": template.id, "times": times, "left": left}
        self.ledger.append("act", act="accept", user=user.id, openid=openid, **facts)

    def withdraw(self, user: User, template: Template) -> None:
        """Somebody switches a template off in the settings."""
        openid = user.openids[template.account]
        self.consents.withdraw(openid, template)
        self.ledger.append("act", act="withdraw", user=user.id, openid=openid, template_id=template.id)
        account = self.account(template.account)
        self.pusher.send(events.change_event(account, openid, template.id, now=self.clock.now()))

    def _ticket(self, scene: str) -> str:
        code = self.qr_codes.get(scene)
        if code is None:
            return f"scene-{scene}"
        if code.expires_at is not None and code.expires_at <= self.clock.now():
            raise NoSuchThing("this QR code has expired")
        return code.ticket

    def _without_scripts(self) -> None:
        """No trouble, no limits but the published ones, receipts as they come, no mass message yet."""
        self.faults = FaultBook()
        self.latency = Latency(self.config.latency_ms / 1000)
        self.limits = LimitBook()
        self.masses = MassBook(self.limits)
        self.receipts = Receipts(self.pusher, self.next_id)
        self.reviews = Reviews(self.clock, self.ledger, self.limits, self.receipts)

    def _admit_configured(self) -> None:
        for person in self.config.people:
            if person.id not in self.people.by_id:
                self.admit(person)

    def _forget(self) -> None:
        self.people.clear()
        self.consents, self.windows = Consents(), Windows()
        self.qr_codes.clear()
        self.menu.clear()
        self.repeats.clear()

    def _restore(self, entry: Entry) -> None:
        """Repeat one entry of an earlier run: who is here, who follows, what they agreed to and used up."""
        if entry["kind"] in ("delivered", "lost") and entry.get("template_id") in self.config.templates:
            self.consents.use(entry["openid"], self.config.templates[entry["template_id"]])
        elif entry["kind"] == "act" and entry["act"] == "reset":
            self._forget()
        elif entry["kind"] == "act" and entry["act"] == "admit":
            names = {"name": entry["name"], "phone": entry["phone"], "openids": entry["openids"]}
            user = self.people.add(Person(id=entry["user"], **names))
            user.follows = entry["follows"]
        elif entry["kind"] == "act":
            self._restore_act(entry)

    def _restore_act(self, entry: Entry) -> None:
        user = self.people.find(entry.get("user", ""))
        if user is not None and entry["act"] in ("follow", "unfollow"):
            user.follows, user.scene = entry["act"] == "follow", entry.get("scene", "")
        template = self.config.templates.get(entry.get("template_id", ""))
        if template is None:
            return
        if entry["act"] == "accept":
            self.consents.accept(entry["openid"], template, times=entry["times"])
        elif entry["act"] == "reject":
            self.consents.reject(entry["openid"], template)
        elif entry["act"] == "withdraw":
            self.consents.withdraw(entry["openid"], template)
