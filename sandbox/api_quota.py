"""What an account may ask about its own sending: quotas of an API, template messages that were kept back."""

import itertools
from typing import Any

from sandbox import api_account, api_identity, api_mass, api_messages
from sandbox.calls import Answer, Call, Route
from sandbox.errors import RefusedCall

_ASKED: dict[str, Route] = {
    **api_identity.ROUTES,
    **api_messages.ROUTES,
    **api_mass.ROUTES,
    **api_account.ROUTES,
}
_LARGEST_PAGE = 100


def quota_get(call: Call) -> Answer:
    """POST /cgi-bin/openapi/quota/get: calls a day, used and left, and the rate where there is one."""
    path = call.body.get("cgi_path")
    if not isinstance(path, str) or not path.startswith("/"):
        raise RefusedCall(76003)
    if path.startswith("/sns/"):
        raise RefusedCall(76022)
    route = _ASKED.get(path)
    if route is None:
        raise RefusedCall(76021)
    if call.account.key not in route.accounts:
        raise RefusedCall(76022)
    limits = call.world.limits
    limit = limits.daily_limit(call.account, path)
    used = limits.used_today(call.account, path, now=call.now)
    quota = {"daily_limit": limit, "used": used, "remain": max(limit - used, 0)}
    answer: Answer = {"errcode": 0, "errmsg": "ok", "quota": quota}
    for calls, seconds in limits.rates(path):
        answer["rate_limit"] = {"call_count": calls, "refresh_second": seconds}
    return answer


def query_blocked(call: Call) -> Answer:
    """POST /wxa/sec/queryblocktmplmsg: template messages that were kept back, by id, 100 a page at most."""
    template_id = call.body.get("tmpl_msg_id")
    largest, limit = call.body.get("largest_id", 0), call.body.get("limit", _LARGEST_PAGE)
    if not isinstance(template_id, str) or not template_id:
        raise RefusedCall(40037)
    if type(largest) is not int or type(limit) is not int or not 1 <= limit <= _LARGEST_PAGE:
        raise RefusedCall(40097)
    found = (
        each for each in call.world.reviews.blocked if each.id > largest and each.template_id == template_id
    )
    return {
        "errcode": 0,
        "errmsg": "ok",
        "msginfo": [_shown(call, each) for each in itertools.islice(found, limit)],
    }


def _shown(call: Call, blocked: Any) -> Answer:
    template = call.world.config.templates.get(blocked.template_id)
    lines = [
        f"{rule.label}：{blocked.data.get(name, '')}"
        for name, rule in (template.fields if template else {}).items()
    ]
    return {
        "id": str(blocked.id),
        "tmpl_msg_id": blocked.template_id,
        "title": template.title if template else "",
        "content": "\n".join(lines),
        "send_timestamp": int(blocked.at),
        "openid": blocked.openid,
    }


ROUTES = {
    "/cgi-bin/openapi/quota/get": Route(method="POST", handler=quota_get),
    "/wxa/sec/queryblocktmplmsg": Route(method="POST", handler=query_blocked, accounts=("official",)),
}
