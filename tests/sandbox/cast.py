"""The accounts, templates and people that the sandbox's tests meet."""

from pathlib import Path
from typing import Any

from sandbox.config import SandboxConfig

KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
TOKEN = "pushtoken"


TEMPLATES: dict[str, Any] = {
    "REMIND": {
        "kind": "one_time",
        "account": "mini",
        "title": "联系提醒",
        "fields": {"thing1": {"label": "提醒事项"}, "date2": {"label": "最晚日期"}},
    },
    "YEARLY": {"kind": "long_term", "account": "mini", "title": "年审提醒", "fields": {"thing1": "thing"}},
    "NOTICE": {
        "kind": "one_time",
        "account": "official",
        "title": "办理进度通知",
        "fields": {"thing1": {"label": "办理事项"}},
    },
    "STANDING": {
        "kind": "long_term",
        "account": "official",
        "title": "补贴发放通知",
        "fields": {"thing1": {"label": "补贴名称"}},
    },
    "POLICY": {
        "kind": "template",
        "account": "official",
        "title": "政策通知",
        "fields": {"thing1": {"label": "通知内容"}},
    },
}
PEOPLE = [
    {"id": "cadre", "name": "李建国", "phone": "13800000001"},
    {"id": "guardian", "name": "王桂兰", "phone": "13800000002", "follows": True},
    {"id": "stranger", "name": "赵大勇", "phone": "13800000003"},
]


def config(*, push_base: str = "", ledger_path: Path | None = None, **more: Any) -> SandboxConfig:
    def account(appid: str, secret: str, place: str, **extra: Any) -> dict[str, Any]:
        push_url = f"{push_base}/wechat/{place}" if push_base else ""
        base = {"appid": appid, "secret": secret, "token": TOKEN, "aes_key": KEY, "push_url": push_url}
        return {**base, **extra}

    raw = {
        "accounts": {
            "mini": account("wxmini0001", "minisecret", "mini", pages=["pages/home/index"]),
            "official": account("wxofficial1", "officialsecret", "official", name="惠民县残联"),
        },
        "templates": TEMPLATES,
        "people": PEOPLE,
        "ledger_path": str(ledger_path) if ledger_path else None,
        "push_timeout_s": 0.3,
        "push_pause_s": 0.0,
    }
    return SandboxConfig.from_dict({**raw, **more})
