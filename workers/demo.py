"""Everything in one process on one machine: API, loops, our own WeChat, and a county to try it on."""

import asyncio
import contextlib
import errno
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import click
import uvicorn

from app.bootstrap import Services, running_services
from app.core.migrating import migrate_database
from app.core.queue import LocalBus
from app.core.settings import Settings, WeChatAccountSettings
from app.demo import DEMO_CADRE, DEMO_GUARDIAN, DEMO_LOGINS, DEMO_PASSWORD, plant_demo
from app.main import create_app
from sandbox.config import Account, AccountKey, Person, SandboxConfig, Template
from sandbox.fields import FieldRule
from sandbox.main import serve
from workers.main import running_loops

_START_SECONDS = 15.0


_DEMO_PEOPLE = (
    Person(id="cadre", name=DEMO_CADRE.name, phone=DEMO_CADRE.phone),
    Person(id="guardian", name=DEMO_GUARDIAN.name, phone=DEMO_GUARDIAN.phone),
)


class DemoRefused(Exception):
    """The demo cannot start, in words for whoever typed the command."""


async def run_demo(settings: Settings) -> None:
    """Migrate, plant the demo county once, start everything, print where it is, and stop on Ctrl-C.

    Raises:
        DemoRefused: this is production, or a port is taken.
    """
    if settings.is_production:
        raise DemoRefused("lianxin demo is for trying things out; LIANXIN_ENV says production")
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    sandbox_port = settings.port + 1
    listener = listen(settings.host, settings.port)
    listen("127.0.0.1", sandbox_port).close()
    click.echo("正在准备数据库和演示数据… (first start takes a few seconds)")
    await migrate_database(settings.database_url.get_secret_value())
    settings = _towards_sandbox(settings, port=sandbox_port)
    async with running_services(settings, bus=LocalBus()) as services:
        await plant_demo(now=services.clock.now())
        config = sandbox_config(settings, people=_DEMO_PEOPLE, data=Path("var"))
        async with (
            serve(config, port=sandbox_port) as sandbox,
            running_loops(services),
            _serving_api(services, listener),
        ):
            click.echo(_banner(settings, sandbox.base_url))
            await stop.wait()
            click.echo("\n正在停止… 数据保留在 var/，下次启动继续使用。")


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises:
        DemoRefused: the port is taken or cannot be had, in words for whoever typed the command.
    """
    # create_server() would leave the protocol at 0, and asyncio then leaves Nagle on: 40 ms per answer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OverflowError:
        listener.close()
        raise DemoRefused(
            "the demo also takes the port after LIANXIN_PORT, and 65535 is the last one"
        ) from None
    except OSError as error:
        listener.close()
        if error.errno != errno.EADDRINUSE:
            raise DemoRefused(f"cannot listen on {host}:{port}: {error.strerror}") from None
        raise DemoRefused(
            f"port {port} on {host} is taken: stop what uses it, or set LIANXIN_PORT to another number "
            f"(the demo also takes the next one, for the sandbox)\n"
            f"端口 {port} 已被占用：请先停止占用它的程序，或把 LIANXIN_PORT 设为别的数字"
            "（演示还要用到下一个端口）"
        ) from None
    return listener


def _towards_sandbox(settings: Settings, *, port: int) -> Settings:
    wechat = settings.wechat.model_copy(update={"api_base": f"http://127.0.0.1:{port}"})
    return settings.model_copy(update={"wechat": wechat})


def sandbox_config(settings: Settings, *, people: tuple[Person, ...], data: Path | None) -> SandboxConfig:
    """Describe to our own WeChat the accounts and templates that the settings name.

    Args:
        settings: whose accounts, templates and address.
        people: who has a phone from the start.
        data: folder of the ledger file; in memory when None.
    """
    base = f"http://{settings.host}:{settings.port}"
    templates = settings.wechat.templates
    return SandboxConfig(
        accounts={
            "mini": _account("mini", settings.wechat.mini, f"{base}/wechat/mini"),
            "official": _account("official", settings.wechat.official, f"{base}/wechat/official"),
        },
        templates={
            templates.festival_reminder: Template(
                id=templates.festival_reminder,
                kind="one_time",
                account="mini",
                title="节日联系提醒",
                fields=_fields(thing1="提醒事项", thing2="帮扶对象", date3="节日"),
            ),
            templates.policy_notice: Template(
                id=templates.policy_notice,
                kind="template",
                account="official",
                title="惠残政策通知",
                fields=_fields(thing1="通知内容", thing2="政策名称", date3="发布日期"),
            ),
        },
        people=people,
        product_base=base,
        ledger_path=data / "sandbox-ledger.jsonl" if data is not None else None,
    )


def _account(key: AccountKey, given: WeChatAccountSettings, push_url: str) -> Account:
    return Account(
        key=key,
        appid=given.appid,
        secret=given.secret.get_secret_value(),
        token=given.token.get_secret_value(),
        aes_key=given.aes_key.get_secret_value(),
        push_url=push_url,
        name="连心",
    )


def _fields(**labels: str) -> dict[str, FieldRule]:
    return {name: FieldRule(type=name.rstrip("0123456789"), label=label) for name, label in labels.items()}


@contextlib.asynccontextmanager
async def _serving_api(services: Services, listener: socket.socket) -> AsyncIterator[None]:
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(services.settings, services=services),
            access_log=False,
            log_level="warning",
            lifespan="off",
            timeout_graceful_shutdown=3,
        )
    )
    # Signals belong to run_demo: it stops the parts in their order.
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
    task = asyncio.create_task(server.serve(sockets=[listener]), name="api")
    try:
        async with asyncio.timeout(_START_SECONDS):
            while not server.started and not task.done():
                await asyncio.sleep(0.02)
        yield
    finally:
        server.should_exit = True
        await asyncio.gather(task, return_exceptions=True)


def _banner(settings: Settings, sandbox_url: str) -> str:
    base = f"http://{settings.host}:{settings.port}"
    logins = "\n".join(f"    {login.username:<10} {login.display_name}" for login in DEMO_LOGINS)
    return f"""
  连心已启动 · Lianxin is running — one machine, one process, the same guarantees.

  两部手机 (两个微信用户，从这里开始)   {sandbox_url}/
  管理后台                             {base}/console/
  接口文档 (OpenAPI)                   {base}/openapi.json
  健康检查                             {base}/healthz

  管理后台登录 (密码都是 {DEMO_PASSWORD})
{logins}

  演示干部 {DEMO_CADRE.name} {DEMO_CADRE.phone} · 演示监护人 {DEMO_GUARDIAN.name} {DEMO_GUARDIAN.phone}
  按 Ctrl-C 停止 · Ctrl-C to stop; data stays in var/
"""
