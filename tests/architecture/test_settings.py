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


def test_production_refuses_the_embedded_database() -> None:
    own = {
        "secret_key": "a" * 40,
        "field_keys": "k1:" + "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=",
        "index_key": "b" * 40,
    }
    account = {"appid": "wx1", "secret": "s1", "token": "t1", "aes_key": "A" * 43}

    with pytest.raises(ValidationError, match="LIANXIN_DATABASE_URL"):
        Settings(env="production", _env_file=None, wechat={"mini": account, "official": account}, **own)
