"""The menu is put in place from the command line."""

import asyncio
from pathlib import Path

from tests.test_cli import lianxin
from tests.wechat.scripted import Reply, ScriptedWeChat

MENU = "/cgi-bin/menu/create"


async def publish(folder: Path, server: ScriptedWeChat) -> tuple[int, str, str]:
    """Run `lianxin publish-menu` against a server that answers as it was told to."""
    await asyncio.to_thread(lianxin, folder, "migrate")
    done = await asyncio.to_thread(lianxin, folder, "publish-menu", LIANXIN_WECHAT__API_BASE=server.base)
    return done.returncode, done.stdout, done.stderr


async def test_an_operator_puts_the_menu_in_place(server: ScriptedWeChat, tmp_path: Path) -> None:
    server.answers(MENU, Reply({"errcode": 0, "errmsg": "ok"}))

    done = await publish(tmp_path, server)

    assert done == (0, "the menu is in place\n", "")
    (asked,) = server.asked_for(MENU)
    assert [button["name"] for button in asked.json()["button"]] == ["我的帮扶", "留言", "设置"]
    # WeChat refuses Chinese as \\uXXXX (errcode 40033).
    assert "我能享受什么" in asked.body.decode()


async def test_what_wechat_says_against_it_is_told_in_words(server: ScriptedWeChat, tmp_path: Path) -> None:
    server.answers(MENU, Reply({"errcode": 48001, "errmsg": "api unauthorized rid: 1"}))

    code, told, error = await publish(tmp_path, server)

    assert (code, told) == (1, "")
    assert error.startswith("Error: WeChat: 账号没有这个接口的权限 (48001)")
