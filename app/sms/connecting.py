"""Choosing the provider that the settings name; its SDK is imported only then."""

from app.core.settings import SmsSettings
from app.sms.gateway import SmsGateway


class SmsMissing(RuntimeError):
    """The settings name a provider whose SDK is not installed."""


def connect_sms(settings: SmsSettings) -> SmsGateway | None:
    """Return the gateway to the provider, None when short messages are switched off; close it at the end.

    Raises:
        SmsMissing: the SDK is not installed, and how to get it.
    """
    if not settings.is_on:
        return None
    try:
        from app.sms.tencent import TencentSms  # noqa: PLC0415 - an optional extra
    except ModuleNotFoundError as error:
        raise SmsMissing(
            "LIANXIN_SMS__PROVIDER=tencent needs the extra `sms`: pip install 'lianxin[sms]'"
        ) from error
    return TencentSms(settings)
