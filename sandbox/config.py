"""What this WeChat knows before anyone calls: two accounts, their templates, and the people of the demo."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from sandbox.fields import FieldRule

AccountKey = Literal["mini", "official"]
TemplateKind = Literal["one_time", "long_term", "template"]

ACCOUNT_KEYS: tuple[AccountKey, ...] = ("mini", "official")
_KINDS = ("one_time", "long_term", "template")
_AES_KEY = re.compile(r"[A-Za-z0-9]{43}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One WeChat account: the mini program or the service account.

    `push_url` is where its messages and events go (secure mode, XML); empty means it is never called.
    `pages` are the pages of the published mini program; empty means any well-formed page exists.
    `daily_quota` is per sending API and China day.
    """

    key: AccountKey
    appid: str
    secret: str
    token: str = ""
    aes_key: str = ""
    push_url: str = ""
    name: str = "连心"
    original_id: str = ""
    pages: tuple[str, ...] = ()
    daily_quota: int = 0

    def __post_init__(self) -> None:
        if self.push_url and not (self.token and _AES_KEY.fullmatch(self.aes_key)):
            raise ValueError(
                f"account {self.key}: a push_url needs a token and an aes_key of 43 letters and digits"
            )
        if not self.original_id:
            digest = sha256(self.appid.encode()).hexdigest()[:12]
            object.__setattr__(self, "original_id", f"gh_{digest}")
        if not self.daily_quota:
            # 模板消息 10 万次/日 (Template_Message_Interface), 订阅消息 1000 万次/日 (api_sendmessage)
            object.__setattr__(self, "daily_quota", 100_000 if self.key == "official" else 10_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A message template: who may send it, how consent for it works, and which fields it has."""

    id: str
    kind: TemplateKind
    account: AccountKey
    title: str
    fields: Mapping[str, FieldRule]

    def __post_init__(self) -> None:
        if self.kind not in _KINDS or self.account not in ACCOUNT_KEYS:
            raise ValueError(f"template {self.id}: kind is one of {_KINDS}, account one of {ACCOUNT_KEYS}")
        if self.kind == "template" and self.account != "official":
            raise ValueError(f"template {self.id}: kind 'template' belongs to the official account only")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with WeChat on the phone, present from the start.

    Openids are derived from `id` unless given, so a restart finds the same people.
    """

    id: str
    name: str
    phone: str = ""
    follows: bool = False
    openids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxConfig:
    """Everything `create_sandbox` needs.

    `ledger_path` is an append-only JSONL file, None keeps the ledger in memory; either way the newest
    `ledger_keep` entries stay in memory. `tally` names the business keys that deliveries are counted by while
    they happen (see `sandbox.tally`); by any other key they are counted from the entries that are left.
    `product_base` is the product's address for the phone page.
    Times: `latency_ms` before every API answer, `push_timeout_s` per push, `push_pause_s` between tries.
    """

    accounts: Mapping[AccountKey, Account]
    templates: Mapping[str, Template] = field(default_factory=dict)
    ledger_path: Path | None = None
    ledger_keep: int = 100_000
    tally: tuple[str, ...] = ("data",)
    product_base: str = ""
    people: tuple[Person, ...] = ()
    latency_ms: float = 0.0
    push_timeout_s: float = 5.0
    push_pause_s: float = 1.0
    push_concurrency: int = 32

    def __post_init__(self) -> None:
        for template in self.templates.values():
            if template.account not in self.accounts:
                raise ValueError(f"template {template.id}: there is no account {template.account}")

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> "SandboxConfig":
        """Read plain JSON values, the form of the configuration file.

        Field rules may be a type name, or {type, label, values}; a missing type is the name without digits.

        Raises:
            ValueError: something is missing, unknown or contradictory.
        """
        known = set(cls.__dataclass_fields__)
        unknown = set(raw) - known
        if unknown:
            raise ValueError(f"unknown settings: {', '.join(sorted(unknown))}")
        path = raw.get("ledger_path")
        values = {
            **raw,
            "accounts": {
                key: Account(key=_account_key(key), **_plain(row)) for key, row in raw["accounts"].items()
            },
            "templates": {tid: _template(tid, row) for tid, row in raw.get("templates", {}).items()},
            "people": tuple(Person(**row) for row in raw.get("people", ())),
            "ledger_path": Path(path) if path else None,
        }
        if "tally" in raw:
            values["tally"] = tuple(raw["tally"])
        return cls(**values)

    @classmethod
    def from_file(cls, path: Path) -> "SandboxConfig":
        """Read the configuration file, JSON in UTF-8."""
        return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))


def _account_key(key: str) -> AccountKey:
    if key not in ACCOUNT_KEYS:
        raise ValueError(f"unknown account {key}: there are {ACCOUNT_KEYS}")
    return key


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "pages": tuple(row.get("pages", ()))}


def _template(template_id: str, row: Mapping[str, Any]) -> Template:
    fields = {name: FieldRule.read(name, spec) for name, spec in row["fields"].items()}
    return Template(
        id=template_id, kind=row["kind"], account=row["account"], title=row["title"], fields=fields
    )
