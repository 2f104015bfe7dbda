"""The service account's menu, as data: what people press instead of writing.

WeChat takes three entries of up to 16 bytes, each with up to five of up to 60 bytes below it
(developers.weixin.qq.com/doc/service/api/custommenu). Keys are those that `intents` understands.
"""

from typing import Any

from app.bot.enums import PushKind

MENU: dict[str, dict[str, PushKind]] = {
    "我的帮扶": {
        "我的干部": PushKind.MY_CADRE,
        "我能享受什么": PushKind.MY_POLICIES,
        "我的诉求": PushKind.MY_NEEDS,
    },
    "留言": {
        "我要提问": PushKind.QUESTION,
        "提意见建议": PushKind.OPINION,
    },
    "设置": {
        "提醒设置": PushKind.SETTINGS,
        "停止通知": PushKind.STOP,
        "恢复通知": PushKind.RESUME,
        "谁看过我的信息": PushKind.WHO_LOOKED,
        "帮助": PushKind.HELP,
    },
}


def menu_buttons() -> list[dict[str, Any]]:
    """Return the menu as WeChat takes it."""
    return [
        {
            "name": name,
            "sub_button": [
                {"type": "click", "name": label, "key": kind.value} for label, kind in entries.items()
            ],
        }
        for name, entries in MENU.items()
    ]
