"""Everything the service reads from its environment; `.env.example` lists the same names."""

from functools import lru_cache
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

# Every secret that is safe to publish starts with this word, so production can refuse it.
PLACEHOLDER = "insecure-demo"


class WeChatAccountSettings(BaseModel):
    """One WeChat account: the mini program or the service account."""

    appid: str
    secret: SecretStr
    token: SecretStr
    aes_key: SecretStr


def _demo_account(appid: str, aes_letter: str) -> WeChatAccountSettings:
    return WeChatAccountSettings(
        appid=appid,
        secret=SecretStr(f"{PLACEHOLDER}-secret"),
        token=SecretStr(f"{PLACEHOLDER}-token"),
        aes_key=SecretStr(aes_letter * 43),
    )


class TemplateSettings(BaseModel):
    """Template ids that the federation was given in the WeChat console."""

    festival_reminder: str = "demo-festival-reminder"
    policy_notice: str = "demo-policy-notice"


class WeChatSettings(BaseModel):
    """Where WeChat is, and who we are there."""

    api_base: str = "https://api.weixin.qq.com"
    mini: WeChatAccountSettings = _demo_account("wx0000000000000001", "M")
    official: WeChatAccountSettings = _demo_account("wx0000000000000002", "S")
    templates: TemplateSettings = TemplateSettings()


class SendSettings(BaseModel):
    """How fast messages leave, per worker."""

    concurrency: int = Field(default=50, ge=1, le=1000)
    rate_per_second: float = Field(default=30.0, gt=0)
    chunk: int = Field(default=200, ge=1, le=2000)
    lease_seconds: float = Field(default=60.0, gt=0)
    days_ahead: int = Field(default=7, ge=0, le=60)


class Settings(BaseSettings):
    """One object, made once at the edge and handed inwards as values."""

    model_config = SettingsConfigDict(
        env_prefix="LIANXIN_", env_nested_delimiter="__", env_file=".env", extra="ignore", secrets_dir=None
    )

    env: Literal["development", "production"] = "development"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    public_url: str = "http://127.0.0.1:8000"
    database_url: SecretStr = SecretStr("sqlite://var/lianxin.db")
    redis_url: SecretStr = SecretStr("embedded")
    secret_key: SecretStr = SecretStr(f"{PLACEHOLDER}-secret-key-of-32-characters")
    # "id:base64" pairs, comma separated; the first one encrypts, all of them decrypt.
    field_keys: SecretStr = SecretStr("insecure-demo:bGlhbnhpbi1pbnNlY3VyZS1kZW1vLWtleS0zMmJ5dGU=")
    index_key: SecretStr = SecretStr(f"{PLACEHOLDER}-index-key-of-32-characters")
    wechat: WeChatSettings = WeChatSettings()
    send: SendSettings = SendSettings()
    # Of a browser or phone, never of the service: which proxy may tell us the caller's address.
    trusted_proxy: str = ""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @property
    def is_production(self) -> bool:
        return self.env == "production"

    @property
    def is_embedded(self) -> bool:
        """Whether everything lives in one process on one machine, without Redis."""
        return self.redis_url.get_secret_value() == "embedded"

    @model_validator(mode="after")
    def _refuse_demo_values_in_production(self) -> Self:
        if not self.is_production:
            return self
        secrets = {
            "LIANXIN_SECRET_KEY": self.secret_key,
            "LIANXIN_FIELD_KEYS": self.field_keys,
            "LIANXIN_INDEX_KEY": self.index_key,
            "LIANXIN_WECHAT__MINI__SECRET": self.wechat.mini.secret,
            "LIANXIN_WECHAT__MINI__TOKEN": self.wechat.mini.token,
            "LIANXIN_WECHAT__OFFICIAL__SECRET": self.wechat.official.secret,
            "LIANXIN_WECHAT__OFFICIAL__TOKEN": self.wechat.official.token,
        }
        left = [name for name, value in secrets.items() if PLACEHOLDER in value.get_secret_value()]
        if left:
            raise ValueError(f"production needs its own values for {', '.join(left)}")
        if self.is_embedded or self.database_url.get_secret_value().startswith("sqlite"):
            raise ValueError(
                "production needs LIANXIN_DATABASE_URL=mysql://… and LIANXIN_REDIS_URL=redis://…"
            )
        return self


def _secrets_folder() -> str | None:
    # Docker and Kubernetes mount one file per secret here, named like the setting.
    folder = Path("/run/secrets")
    return str(folder) if folder.is_dir() else None


@lru_cache
def get_settings() -> Settings:
    """Read the settings once; called by the API, the worker and the command line only."""
    return Settings(_secrets_dir=_secrets_folder())
