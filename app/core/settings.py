"""Everything the service reads from its environment; `.env.example` lists the same names."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

# Every secret that is safe to publish starts with this word, so production can refuse it.
PLACEHOLDER = "insecure-demo"
_DEMO_FIELD_KEY = "bGlhbnhpbi1pbnNlY3VyZS1kZW1vLWtleS0zMmJ5dGU="
_DEMO_AES_KEYS = ("M" * 43, "S" * 43)
# As many characters as the SHA-256 has bytes that is made of them.
_SHORTEST_KEY = 32
_LONG = frozenset({"LIANXIN_SECRET_KEY", "LIANXIN_INDEX_KEY", "LIANXIN_METRICS_TOKEN"})


class WeChatAccountSettings(BaseModel):
    """One WeChat account: the mini program or the service account."""

    appid: str
    secret: SecretStr
    token: SecretStr
    aes_key: SecretStr


def _demo_account(appid: str, aes_key: str) -> WeChatAccountSettings:
    return WeChatAccountSettings(
        appid=appid,
        secret=SecretStr(f"{PLACEHOLDER}-secret"),
        token=SecretStr(f"{PLACEHOLDER}-token"),
        aes_key=SecretStr(aes_key),
    )


class TemplateSettings(BaseModel):
    """Template ids that the federation was given in the WeChat console."""

    festival_reminder: str = "demo-festival-reminder"
    policy_notice: str = "demo-policy-notice"
    # 订阅通知 of the service account; empty: not used.
    policy_subscription: str = ""


class WeChatSettings(BaseModel):
    """Where WeChat is, and who we are there."""

    api_base: str = "https://api.weixin.qq.com"
    mini: WeChatAccountSettings = _demo_account("wx0000000000000001", _DEMO_AES_KEYS[0])
    official: WeChatAccountSettings = _demo_account("wx0000000000000002", _DEMO_AES_KEYS[1])
    templates: TemplateSettings = TemplateSettings()


class SmsTemplateSettings(BaseModel):
    """Template ids that the provider of short messages approved; empty: no short message of that kind."""

    policy_notice: str = ""


class SmsSettings(BaseModel):
    """Short messages (短信), off unless a provider is named."""

    provider: Literal["none", "tencent"] = "none"
    endpoint: str = "https://sms.tencentcloudapi.com"
    region: str = "ap-guangzhou"
    secret_id: SecretStr = SecretStr("")
    secret_key: SecretStr = SecretStr("")
    app_id: str = ""
    sign_name: str = ""
    concurrency: int = Field(default=10, ge=1, le=100)
    templates: SmsTemplateSettings = SmsTemplateSettings()

    @property
    def is_on(self) -> bool:
        """Whether short messages may be sent at all."""
        return self.provider != "none"


class SendSettings(BaseModel):
    """How fast messages leave, per worker."""

    concurrency: int = Field(default=50, ge=1, le=1000)
    rate_per_second: float = Field(default=30.0, gt=0)
    chunk: int = Field(default=200, ge=1, le=2000)
    lease_seconds: float = Field(default=60.0, gt=0)
    days_ahead: int = Field(default=7, ge=0, le=60)
    # Federations whose messages count more or less than others' while they wait together, by division code.
    county_weights: dict[str, Annotated[float, Field(gt=0)]] = {}
    # WeChat's numbers for our accounts, where they are not the usual ones.
    quotas: dict[str, Annotated[int, Field(ge=0)]] = {}


class Settings(BaseSettings):
    """One object, made once at the edge and handed inwards as values."""

    model_config = SettingsConfigDict(
        env_prefix="LIANXIN_", env_nested_delimiter="__", env_file=".env", extra="ignore", secrets_dir=None
    )

    env: Literal["development", "production"] = "development"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    database_url: SecretStr = SecretStr("sqlite://var/lianxin.db")
    redis_url: SecretStr = SecretStr("embedded")
    secret_key: SecretStr = SecretStr(f"{PLACEHOLDER}-secret-key-of-32-characters")
    # "id:base64" pairs, comma separated; the first one encrypts, all of them decrypt.
    field_keys: SecretStr = SecretStr(f"{PLACEHOLDER}:{_DEMO_FIELD_KEY}")
    index_key: SecretStr = SecretStr(f"{PLACEHOLDER}-index-key-of-32-characters")
    wechat: WeChatSettings = WeChatSettings()
    sms: SmsSettings = SmsSettings()
    send: SendSettings = SendSettings()
    # Which reverse proxy may tell us the address of a browser or phone; empty: none.
    trusted_proxy: str = ""
    # What Prometheus shows to read /metrics; without one only this machine may, which production refuses.
    metrics_token: SecretStr = SecretStr("")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @property
    def is_production(self) -> bool:
        return self.env == "production"

    @property
    def is_embedded(self) -> bool:
        """Whether everything lives in one process on one machine, without Redis."""
        return self.redis_url.get_secret_value() == "embedded"

    @model_validator(mode="after")
    def _refuse_what_cannot_work(self) -> Self:
        if not self.database_url.get_secret_value().startswith(("mysql://", "sqlite://")):
            raise ValueError("LIANXIN_DATABASE_URL must begin with mysql:// or sqlite://")
        if not self.wechat.api_base.startswith(("https://", "http://")):
            raise ValueError("LIANXIN_WECHAT__API_BASE must begin with https:// or http://")
        if not self.sms.endpoint.startswith(("https://", "http://")):
            raise ValueError("LIANXIN_SMS__ENDPOINT must begin with https:// or http://")
        if self.sms.is_on and not (self.sms.app_id and self.sms.sign_name):
            raise ValueError("short messages need LIANXIN_SMS__APP_ID and LIANXIN_SMS__SIGN_NAME")
        return self

    @model_validator(mode="after")
    def _refuse_what_is_unsafe_in_production(self) -> Self:
        if not self.is_production:
            return self
        left = [name for name, value in self._secrets().items() if not _is_own(value)]
        if left:
            raise ValueError(f"production needs its own values for {', '.join(left)}")
        short = [
            name for name, value in self._secrets().items() if name in _LONG and len(value) < _SHORTEST_KEY
        ]
        if short:
            raise ValueError(f"{', '.join(short)}: at least {_SHORTEST_KEY} random characters")
        if self.is_embedded or self.database_url.get_secret_value().startswith("sqlite"):
            raise ValueError(
                "production needs LIANXIN_DATABASE_URL=mysql://… and LIANXIN_REDIS_URL=redis://…"
            )
        if not self.wechat.api_base.startswith("https://"):
            raise ValueError("LIANXIN_WECHAT__API_BASE must begin with https://, secrets travel there")
        if not self.sms.endpoint.startswith("https://"):
            raise ValueError("LIANXIN_SMS__ENDPOINT must begin with https://, phone numbers travel there")
        return self

    def _secrets(self) -> dict[str, str]:
        named = {
            "LIANXIN_SECRET_KEY": self.secret_key,
            "LIANXIN_FIELD_KEYS": self.field_keys,
            "LIANXIN_INDEX_KEY": self.index_key,
            "LIANXIN_METRICS_TOKEN": self.metrics_token,
        }
        for name, account in (("MINI", self.wechat.mini), ("OFFICIAL", self.wechat.official)):
            named[f"LIANXIN_WECHAT__{name}__SECRET"] = account.secret
            named[f"LIANXIN_WECHAT__{name}__TOKEN"] = account.token
            named[f"LIANXIN_WECHAT__{name}__AES_KEY"] = account.aes_key
        if self.sms.is_on:
            named["LIANXIN_SMS__SECRET_ID"] = self.sms.secret_id
            named["LIANXIN_SMS__SECRET_KEY"] = self.sms.secret_key
        return {name: value.get_secret_value().strip() for name, value in named.items()}


def setting_names(model: type[BaseModel] = Settings, *, prefix: str = "LIANXIN_") -> Iterator[str]:
    """Yield the name of every setting as the environment spells it.

    Args:
        model: whose fields.
        prefix: of their names.
    """
    for name, field in model.model_fields.items():
        kind = field.annotation
        full = f"{prefix}{name}".upper()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from setting_names(kind, prefix=f"{full}__")
        else:
            yield full


def _is_own(secret: str) -> bool:
    """Tell whether a secret is set and is none that is published with the source."""
    published = (PLACEHOLDER, _DEMO_FIELD_KEY, *_DEMO_AES_KEYS)
    return bool(secret) and not any(known in secret for known in published)


def _secrets_folder() -> str | None:
    # Docker and Kubernetes mount one file per secret here, named like the setting.
    folder = Path("/run/secrets")
    return str(folder) if folder.is_dir() else None


@lru_cache
def get_settings() -> Settings:
    """Read the settings once; called by the API, the worker and the command line only."""
    return Settings(_secrets_dir=_secrets_folder())
