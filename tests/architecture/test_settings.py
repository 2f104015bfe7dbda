"""Settings are documented, and unsafe ones do not start."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from app.core.settings import Settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"


def _names(model: type[BaseModel], prefix: str) -> set[str]:
    found: set[str] = set()
    for name, field in model.model_fields.items():
        kind: Any = field.annotation
        full = f"{prefix}{name}".upper()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= _names(kind, f"{full}__")
        else:
            found.add(full)
    return found


def test_the_example_names_every_setting_and_no_other() -> None:
    named = set(
        re.findall(r"^#? ?(LIANXIN_[A-Z0-9_]+)=", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    )

    assert named == _names(Settings, "LIANXIN_")


def test_production_refuses_the_demo_secrets_and_says_which() -> None:
    with pytest.raises(ValidationError, match="LIANXIN_SECRET_KEY"):
        Settings(env="production", _env_file=None)


OWN: dict[str, Any] = {
    "env": "production",
    "database_url": "mysql://root@127.0.0.1/lianxin",
    "redis_url": "redis://127.0.0.1",
    "secret_key": "a" * 40,
    "field_keys": "k1:" + "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=",
    "index_key": "b" * 40,
    "metrics_token": "c" * 40,
}
ACCOUNT = {"appid": "wx1", "secret": "s1", "token": "t1", "aes_key": "A" * 43}
WECHAT = {"mini": ACCOUNT, "official": ACCOUNT}


def test_production_starts_with_values_of_its_own() -> None:
    assert Settings(_env_file=None, wechat=WECHAT, **OWN).is_production


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"database_url": "sqlite://var/lianxin.db"}, "LIANXIN_DATABASE_URL"),
        ({"redis_url": "embedded"}, "LIANXIN_REDIS_URL"),
        ({"secret_key": ""}, "LIANXIN_SECRET_KEY"),
        ({"index_key": "short"}, "LIANXIN_INDEX_KEY"),
        ({"metrics_token": ""}, "LIANXIN_METRICS_TOKEN"),
        ({"metrics_token": "short"}, "LIANXIN_METRICS_TOKEN"),
        ({"field_keys": "mine:bGlhbnhpbi1pbnNlY3VyZS1kZW1vLWtleS0zMmJ5dGU="}, "LIANXIN_FIELD_KEYS"),
        ({"wechat": WECHAT | {"official": ACCOUNT | {"token": " "}}}, "LIANXIN_WECHAT__OFFICIAL__TOKEN"),
        ({"wechat": WECHAT | {"mini": ACCOUNT | {"aes_key": "M" * 43}}}, "LIANXIN_WECHAT__MINI__AES_KEY"),
        ({"wechat": WECHAT | {"api_base": "http://api.weixin.qq.com"}}, "LIANXIN_WECHAT__API_BASE"),
        ({"sms": {"endpoint": "http://sms.tencentcloudapi.com"}}, "LIANXIN_SMS__ENDPOINT"),
        ({"sms": {"provider": "tencent", "app_id": "1", "sign_name": "残联"}}, "LIANXIN_SMS__SECRET_ID"),
    ],
)
def test_production_refuses_what_is_unsafe_and_names_it(changed: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        Settings(_env_file=None, **{"wechat": WECHAT, **OWN, **changed})


def test_short_messages_without_an_application_or_a_signature_do_not_start() -> None:
    with pytest.raises(ValidationError, match="LIANXIN_SMS__APP_ID"):
        Settings(_env_file=None, sms={"provider": "tencent"})
