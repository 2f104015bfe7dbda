"""Short messages through Tencent Cloud, by its own SDK, which blocks and therefore works in threads.

Tencent's SDK brings two packages of 1.4 MB onto `requests`, which is here already; Alibaba's brings eleven
more packages.
"""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import structlog
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.sms.v20210111.sms_client import SmsClient
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError

from app.core.settings import SmsSettings
from app.sms.codes import RULES, Reaction, reaction_to
from app.sms.gateway import SmsNotReached, SmsReceipt, SmsRefused, SmsUnanswered

log = structlog.get_logger()

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0

_OK = "Ok"
# What the SDK calls its own failures, beside the codes that the server answers.
_OUR_SIDE = frozenset({"ClientError", "ClientParamsError"})
_COUNTRY = "+86"


class TencentSms:
    """The gateway to Tencent Cloud; every thread has a client of its own, since sessions cannot be shared.

    Args:
        settings: keys, application, signature and host.
        connect_seconds: wait for the connection and TLS.
        read_seconds: wait for the answer.
    """

    def __init__(
        self,
        settings: SmsSettings,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self._settings = settings
        self._timeout = (connect_seconds, read_seconds)
        self._own = threading.local()
        self._threads = ThreadPoolExecutor(settings.concurrency, thread_name_prefix="sms")

    async def send(
        self, *, phone: str, template_id: str, params: Mapping[str, str], out_id: str
    ) -> SmsReceipt:
        """Send one message; see `SmsGateway`."""
        request = {
            "PhoneNumberSet": [f"{_COUNTRY}{phone}"],
            "SmsSdkAppId": self._settings.app_id,
            "SignName": self._settings.sign_name,
            "TemplateId": template_id,
            "TemplateParamSet": list(params.values()),
            "SessionContext": out_id,
        }
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._send, request)

    async def close(self) -> None:
        """Let the threads go; what is on its way is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _client(self) -> SmsClient:
        client = getattr(self._own, "client", None)
        if client is None:
            where = urlsplit(self._settings.endpoint)
            http = HttpProfile(
                protocol=where.scheme,
                endpoint=where.netloc,
                reqTimeout=self._timeout,
                keepAlive=True,
            )
            key = Credential(
                self._settings.secret_id.get_secret_value(), self._settings.secret_key.get_secret_value()
            )
            client = SmsClient(key, self._settings.region, ClientProfile(httpProfile=http))
            self._own.client = client
        return client

    def _send(self, request: Mapping[str, object]) -> SmsReceipt:
        try:
            answer = self._client().call_json("SendSms", request)["Response"]
        except TencentCloudSDKException as error:
            raise _failure(error) from None
        except (OSError, HTTPError, ValueError, KeyError, TypeError) as error:
            # While the answer was read, which the SDK does not guard; requests' errors are OSErrors.
            raise SmsUnanswered(type(error).__name__) from None
        # The SDK overlooks refusals whose Content-Type names a charset.
        refusal = answer.get("Error")
        if refusal:
            raise _refused(str(refusal.get("Code")), request_id=str(answer.get("RequestId")))
        statuses = answer.get("SendStatusSet") or []
        if len(statuses) != 1:
            raise SmsUnanswered("one message, and not one result")
        status = statuses[0]
        if status["Code"] != _OK:
            raise _refused(str(status["Code"]), request_id=str(answer.get("RequestId")))
        return SmsReceipt(serial=str(status.get("SerialNo", "")), parts=int(status.get("Fee") or 0))


def _failure(error: TencentCloudSDKException) -> Exception:
    """Tell a refusal from a failure of the road, by the code and by what the SDK caught."""
    code = str(error.code)
    if error.requestId or code in RULES:
        return _refused(code, request_id=str(error.requestId))
    if code in _OUR_SIDE:
        return SmsNotReached(code)
    if any(isinstance(one, ConnectTimeoutError | NewConnectionError | SSLError) for one in _causes(error)):
        return SmsNotReached("no connection")
    return SmsUnanswered(code)


def _refused(code: str, *, request_id: str) -> Exception:
    rule = reaction_to(code)
    # With the number of the request, an operator can ask the provider's support desk.
    log.warning("sms.refused", code=code, request_id=request_id)
    if rule.reaction is Reaction.UNANSWERED:
        return SmsUnanswered(code)
    return SmsRefused(
        code=code,
        sentence=rule.sentence,
        reaction=rule.reaction,
        wait_seconds=rule.wait_seconds,
        retries=rule.retries,
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield what lies behind an error: requests puts urllib3's reason into arguments and attributes."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__context__, one.__cause__, getattr(one, "reason", None), *one.args]
