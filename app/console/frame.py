"""What all pages share: templates, the signed-in frame around them, where a form leads afterwards."""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from app.accounts.deps import StaffCaller
from app.accounts.enums import Permission
from app.accounts.rules import is_county
from app.core.clock import CHINA, china_date, chinese_day

HOME = "/console/home"
SIGN_IN = "/console/sign-in"
# The menu by groups: first part of the address, and its label.
MENU: Mapping[str, Mapping[str, str]] = {
    "": {"home": "首页"},
    "登记": {"rosters": "花名册", "beneficiaries": "帮扶对象"},
    "结对": {"pairings": "结对", "proposals": "结对方案", "participation": "参与情况"},
    "节日与群发": {"festivals": "节日", "campaigns": "群发任务"},
    "政策": {"policies": "政策库", "entitlements": "应享未享"},
    "诉求": {"needs": "诉求", "inquiries": "来信", "opinions": "意见"},
}
SECTIONS = {name: label for group in MENU.values() for name, label in group.items()}
# What families say about a county is read by the federation above it.
_ABOVE_COUNTIES = {"opinions"}
STATIC = {
    name: files("app.console").joinpath("static", name).read_bytes()
    for name in ("console.css", "progress.js")
}
# What has been done, named in the address by a word of ours and never by a text of others.
NOTICES = {
    "signed_out": "您已退出登录。",
    "session_over": "登录已过期，请重新登录；刚才的操作没有保存。",
    "confirmed": "已导入。",
    "guardian_added": "监护人已登记。",
    "paired": "结对已登记。",
    "pairing_ended": "结对的结束日期已登记。",
    "cadre_changed": "帮扶干部已更换，这是新的结对。",
    "drafted": "草稿已保存。请核对预览，然后提交审批。",
    "edited": "修改已保存，需要重新提交审批。",
    "submitted": "已提交，等待另一名管理员审批。",
    "approved": "已批准，到时间自动发送。",
    "paused": "已暂停。已经在途的消息仍会送达。",
    "resumed": "已继续，从停下的地方接着发送。",
    "cancelled": "已取消。已经发出的消息不能收回，见下面的进度。",
    "released": "已放行，开始发给其余的人。",
    "retried": "已重新排队，马上发送。",
    "retried_more": "已重新排队5000条；还有更多，请再办一次。",
    "retried_none": "现在没有可以重新发送的消息。",
    "settled": "核实结果已登记。",
    "trial_list": "试发名单已保存。",
    "marked": "已设为每年自动提醒，等待另一名管理员确认。",
    "unmarked": "已取消每年自动提醒。",
    "automatic_confirmed": "已确认，以后每年自动提醒。",
    "proposal_asked": "已开始计算，人多时要几分钟。",
    "proposal_chosen": "已指定并锁定。",
    "proposal_locked": "已锁定，重新计算时不变。",
    "proposal_freed": "已解除锁定。",
    "proposal_accepted": "已采纳。没有办成的和原因见下面的“未采纳”。",
    "proposal_cancelled": "方案已取消，已有的结对不变。",
    "repaired": "成批调整已办理，下面是现在的结对。",
    "part_said": "是否参加已登记。",
    "policy_drafted": "草稿已保存。请核对，然后提交。",
    "policy_submitted": "已提交，等待另一名管理员核对后发布。",
    "policy_published": "已发布。各家的应享未享马上重新推算，人多时要几分钟。",
    "policy_withdrawn": "已撤回。各家的应享未享马上重新推算。",
    "examples_planted": "示例政策已载入，都是草稿。发布前请按当地文件核对。",
    "examples_known": "示例政策都已经载入过了。",
    "step_marked": "办理情况已登记。",
    "need_step": "这一步已登记，写进了办理过程。",
    "inquiry_answered": "回复已保存，是否送到见下面。",
    "opinion_answered": "答复已保存。",
    "consent_recorded": "同意已登记。",
    "consent_withdrawn": "撤回已登记，马上停发。",
    "muted": "已登记。到期以前，节日不打扰这个家庭。",
    "unmuted": "已取消，节日消息恢复正常。",
}
# One of our own addresses and nothing else: no host, no backslash, no way up.
_OWN_PATH = re.compile(r"(?!.*(?:\.\.|//))/console/[A-Za-z0-9_./?=&%-]*")


def _shown_moment(moment: datetime) -> str:
    return f"{chinese_day(china_date(moment))} {moment.astimezone(CHINA):%H:%M}"


def _versioned(name: str) -> str:
    return f"/console/static/{name}?v={hashlib.sha256(STATIC[name]).hexdigest()[:12]}"


_TEMPLATES = Environment(
    loader=PackageLoader("app.console"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters["day"] = chinese_day
_TEMPLATES.filters["moment"] = _shown_moment
_TEMPLATES.globals["static"] = _versioned
_TEMPLATES.globals["parts"] = _TEMPLATES.get_template("parts.html").module


def page(
    request: Request, template: str, *, caller: StaffCaller | None = None, status: int = 200, **shown: object
) -> HTMLResponse:
    """Render one page.

    Args:
        request: what was asked; its address may name a notice.
        template: file in `templates/`.
        caller: who is signed in; without him the page has no menu.
        status: of the answer.
        shown: what the template shows.
    """
    frame = {
        "menu": _menu_for(caller) if caller is not None else {},
        "section": request.url.path.removeprefix("/console/").partition("/")[0],
        "staff": caller,
        "may_edit": caller is not None and caller.may(Permission.EDIT),
        "may_approve": caller is not None and caller.may(Permission.APPROVE),
        "notice": NOTICES.get(request.query_params.get("done", "")),
    }
    return HTMLResponse(_TEMPLATES.get_template(template).render(frame | shown), status_code=status)


def _menu_for(caller: StaffCaller) -> dict[str, dict[str, str]]:
    hidden = _ABOVE_COUNTIES if is_county(caller.org_code) else set()
    return {
        group: {name: label for name, label in entries.items() if name not in hidden}
        for group, entries in MENU.items()
    }


def go_on(path: str, *, done: str = "", **query: str) -> RedirectResponse:
    """Send the browser on to a page after a form, so that reloading sends nothing twice.

    Args:
        path: of one of our pages.
        done: a word of NOTICES for what was done.
        query: further parameters of the address.
    """
    named = {"done": done} | query if done else query
    return RedirectResponse(f"{path}?{urlencode(named)}" if named else path, status_code=303)


def own_path(path: str, *, otherwise: str = HOME) -> str:
    """Return a path if it leads to one of our pages; any other address could lead to a stranger's."""
    return path if _OWN_PATH.fullmatch(path) else otherwise
