"""Every door of the API as its OpenAPI document tells it, and what somebody who knocks brings along."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.core.clock import china_date
from tests.access.planted import ID_NUMBER
from tests.accounts.factories import LIXIA
from tests.conftest import NOW
from tests.people.cast import WANG_XIAOSI, ZHAO_MIN
from tests.policies.factories import policy_body

_TODAY = china_date(NOW).isoformat()
# What cannot be read from the document: bodies whose parts belong together; "$pairing_id" is that of the
# planted family.
_SIGNED = {"purpose": "policy_notice", "channel": "sms", "evidence": "同意书第12号"}
_BODIES: dict[str, dict[str, Any]] = {
    "POST /admin/v1/beneficiaries/lookup": {"id_number": ID_NUMBER},
    "POST /admin/v1/beneficiaries": {
        "region_code": LIXIA,
        "name": "王小四",
        "id_number": WANG_XIAOSI.id_number,
        "certificate": WANG_XIAOSI.certificate,
        "relief": "dibao_rural",
        "residence": "rural",
    },
    "POST /admin/v1/cadres": {"org_code": LIXIA, "name": "赵敏", "phone": ZHAO_MIN.phone},
    "POST /admin/v1/handovers": {
        "items": [{"pairing_id": "$pairing_id", "cadre_id": "$cadre_id"}],
        "changes_on": _TODAY,
        "reason": "post_changed",
    },
    "POST /admin/v1/handovers/preview": {
        "items": [{"pairing_id": "$pairing_id", "cadre_id": "$cadre_id"}],
        "changes_on": _TODAY,
    },
    "POST /admin/v1/pairings/repairing/preview": {"cadre_ids": ["$cadre_id"]},
    "PUT /admin/v1/trial-list": {"cadre_ids": ["$cadre_id"]},
    "POST /mini/v1/facts": {"beneficiary_id": "$beneficiary_id", "fact": "employed", "value": False},
    "POST /mini/v1/needs": {"client_id": "tap", "pairing_id": "$pairing_id", "text": "想学手艺"},
    "POST /admin/v1/beneficiaries/{beneficiary_id}/reveal": {"field": "phone", "reason": "核对登记"},
    "POST /admin/v1/beneficiaries/{beneficiary_id}/status": {"status": "moved_away"},
    "PUT /admin/v1/beneficiaries/{beneficiary_id}/care": {"customs": "不吃猪肉"},
    "POST /admin/v1/cadres/{cadre_id}/status": {"status": "active"},
    "POST /admin/v1/cadres/{cadre_id}/participation": {"takes_part": True},
    "POST /admin/v1/campaigns": {"kind": "policy_notice", "title": "年审开始办理"},
    "PUT /admin/v1/campaigns/{campaign_id}": {"kind": "policy_notice", "title": "年审开始办理"},
    "POST /admin/v1/campaigns/{campaign_id}/approve": {"content_hash": "0" * 64},
    "POST /admin/v1/campaigns/{campaign_id}/retry": {"reasons": ["not_following"]},
    "POST /admin/v1/campaigns/{campaign_id}/messages/{message_id}/settle": {
        "outcome": "arrived",
        "reason": "电话核实",
    },
    "POST /admin/v1/guardians/{guardian_id}/consents": _SIGNED,
    "POST /admin/v1/guardians/{guardian_id}/consents/withdraw": _SIGNED,
    "POST /admin/v1/needs/{need_id}/steps": {"act": "noted", "text": "已联系家属"},
    "POST /mini/v1/needs/{need_id}/steps": {"act": "noted", "text": "已联系家属"},
    "POST /admin/v1/pairings/{pairing_id}/end": {"reason": "family_wish"},
    "POST /admin/v1/policies": policy_body(key="another"),
    "PUT /admin/v1/policies/{policy_id}": policy_body(key="care_sub"),
    "POST /admin/v1/policies/{policy_id}/publish": {"content_hash": "0" * 64},
    "POST /admin/v1/entitlements/{entitlement_id}/mark": {"step": "applied"},
    "POST /mini/v1/entitlements/{entitlement_id}/mark": {"step": "applied"},
    "POST /mini/v1/call-tasks/{message_id}/done": {"outcome": "told", "client_id": "tap"},
    "POST /mini/v1/subscriptions": {"results": {"demo-festival-reminder": "accept"}},
}
_WORDS_WRITTEN = "核对登记"
_WORDS = {"kind": "cadres", "key": "mid_autumn"}
# Whoever knocks here is somebody else afterwards, or the family is gone.
_LAST = ("/session", "/session/phone", "/binding", "/beneficiaries/{beneficiary_id}/status", "/end", "/facts")


@dataclass(frozen=True, slots=True)
class Door:
    """One method and path, with the schema of its JSON body."""

    method: str
    path: str
    query: tuple[str, ...]
    body: Mapping[str, Any] | None

    @property
    def name(self) -> str:
        """Return how the table calls this door."""
        return f"{self.method} {self.path}"


def doors_of(document: Mapping[str, Any]) -> list[Door]:
    """Return every door for people, reading before changing, and those that end a session last."""
    doors = [
        Door(
            method=method.upper(),
            path=path,
            query=tuple(
                one["name"]
                for one in operation.get("parameters", ())
                if one["in"] == "query" and one.get("required")
            ),
            body=operation.get("requestBody", {})
            .get("content", {})
            .get("application/json", {})
            .get("schema"),
        )
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if path.startswith(("/admin/", "/mini/"))
    ]
    return sorted(
        doors, key=lambda door: (door.path.endswith(_LAST), door.method != "GET", door.path, door.method)
    )


def request_of(
    door: Door, *, ids: Mapping[str, int], document: Mapping[str, Any], caller: str
) -> tuple[str, dict[str, Any]]:
    """Return the address and the options of a request that is right in itself, whoever sends it."""
    address = door.path.replace("/call-tasks/{message_id}", "/call-tasks/{call_id}")
    for name in {part.strip("{}").partition("}")[0] for part in address.split("/") if "{" in part}:
        address = address.replace(f"{{{name}}}", str(ids.get(name) or _WORDS[name]))
    query = {name: _WORDS.get(name, "1") for name in door.query}
    if door.path.endswith("/events"):
        query["seconds"] = "1"
    options: dict[str, Any] = {"params": query} if query else {}
    if door.body is not None:
        written = _BODIES.get(door.name) or _example(door.body, ids=ids, document=document, name="")
        body = _filled(written, ids)
        # A tap belongs to one phone.
        tap = {"client_id": f"tap-{door.name.count('/')}-{caller}".replace("@", "-")}
        options["json"] = body | tap if "client_id" in body else body
    return address, options


def _filled(written: Any, ids: Mapping[str, int]) -> Any:
    if isinstance(written, dict):
        return {key: _filled(value, ids) for key, value in written.items()}
    if isinstance(written, list):
        return [_filled(value, ids) for value in written]
    return ids[written[1:]] if isinstance(written, str) and written.startswith("$") else written


def _example(
    schema: Mapping[str, Any], *, ids: Mapping[str, int], document: Mapping[str, Any], name: str
) -> Any:
    """Return the least that a schema takes; numbers whose names say of what are those of planted rows."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    choices = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if choices:
        return _example(choices[0], ids=ids, document=document, name=name)
    if schema.get("type") == "object":
        return {
            key: _example(part, ids=ids, document=document, name=key)
            for key, part in schema.get("properties", {}).items()
            if key in schema.get("required", ())
        }
    if schema.get("type") == "array":
        return [_example(schema["items"], ids=ids, document=document, name=name.removesuffix("s"))]
    return _plain_example(schema, ids=ids, name=name)


def _plain_example(schema: Mapping[str, Any], *, ids: Mapping[str, int], name: str) -> Any:
    words = (
        _TODAY if schema.get("format") == "date" else _WORDS_WRITTEN.ljust(schema.get("minLength", 0), "。")
    )
    examples = {"integer": ids.get(name, 1), "boolean": True, "string": words}
    return schema["enum"][0] if "enum" in schema else examples.get(schema.get("type", ""), True)
