import re
from html.parser import HTMLParser
from pathlib import Path

import sandbox
from tests.sandbox.api import Api
from tests.sandbox.receiver import Receiver

ASSETS = Path(sandbox.__file__).parent / "assets"


class Labels(HTMLParser):
    """Collects form fields, what labels them, and the headings."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: set[str] = set()
        self.labelled: set[str] = set()
        self.headings: list[str] = []
        self.logs: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag in ("input", "select"):
            self.fields.add(str(named["id"]))
        if tag == "label":
            self.labelled.add(str(named["for"]))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(tag)
        if named.get("role") == "log":
            self.logs.append(tag)


async def test_the_page_shows_two_phones_with_labels_and_headings(api: Api) -> None:
    answer = await api.http.get("/", params={"right": "guardian"})

    page = Labels()
    page.feed(answer.text)
    assert answer.status_code == 200
    assert '<option value="cadre" selected>李建国</option>' in answer.text
    assert '<option value="guardian" selected>王桂兰</option>' in answer.text
    assert page.fields <= page.labelled
    assert page.headings[:2] == ["h1", "h2"]
    assert page.logs == ["div", "div"]


async def test_names_are_text_and_never_markup(api: Api) -> None:
    await api.do("users", {"name": "<script>alert(1)</script>"})

    answer = await api.http.get("/")

    assert "<script>alert" not in answer.text
    assert "default-src 'self'" in answer.headers["content-security-policy"]


def test_nothing_on_the_page_comes_from_another_host() -> None:
    texts = [file.read_text(encoding="utf-8") for file in sorted(ASSETS.iterdir())]

    assert len(texts) >= 5
    assert not [text for text in texts if re.search(r"(?:https?:)?//[a-z0-9-]+\.[a-z]", text)]


async def test_every_asset_the_page_names_is_served(api: Api) -> None:
    page = (await api.http.get("/")).text
    names = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page)

    answers = [await api.http.get(name) for name in names]

    assert len(names) == 2
    assert {answer.status_code for answer in answers} == {200}


async def test_the_screen_shows_cards_talk_and_ledger(api: Api) -> None:
    await api.do("users/cadre/subscriptions", {"template_id": "REMIND"})
    await api.remind()
    await api.do("users/guardian/say", {"text": "你好"})

    screen = await api.get("/_sandbox/screen", left="cadre", right="guardian")
    unchanged = await api.get("/_sandbox/screen", left="cadre", right="guardian", seen=screen["seq"])

    card = screen["left"]["messages"][0]
    assert card["title"] == "联系提醒"
    assert card["rows"] == [["提醒事项", "端午前请联系"], ["最晚日期", "2026-06-01"]]
    assert screen["right"]["messages"][0]["text"] == "你好"
    assert screen["right"]["follows"]
    assert screen["ledger"][0]["seq"] == screen["seq"]
    assert unchanged == {"seq": screen["seq"]}


async def test_the_ledger_on_the_page_says_what_happened_in_chinese(api: Api) -> None:
    await api.do("faults", [{"kind": "drop", "path": "/cgi-bin/user/info", "count": 1}])
    await api.policy(client_msg_id="m-1")
    await api.policy(client_msg_id="m-1")

    screen = await api.get("/_sandbox/screen", left="cadre", right="guardian")

    lines = {line["kind"]: f"{line['what']} {line['result']}".strip() for line in screen["ledger"]}
    assert lines["delivered"] == "模板消息：政策通知"
    assert lines["repeat"] == "模板消息：政策通知 client_msg_id m-1"


async def test_the_mini_program_signs_in_binds_lists_records_and_takes_back(
    api: Api, receiver: Receiver
) -> None:
    receiver.mini_answers = {
        "/mini/v1/session": (200, {"token": "first", "role": "unbound"}),
        "/mini/v1/session/phone": (200, {"token": "second", "role": "cadre"}),
        "/mini/v1/pairings": (200, {"items": [{"id": "p1"}]}),
        "/mini/v1/contacts": (201, {"id": "c1"}),
    }

    opened = await api.do("mini/cadre/open")
    bound = await api.do("mini/cadre/bind")
    listed = await api.get("/_sandbox/mini/cadre/pairings")
    recorded = await api.do("mini/cadre/contacts", {"client_id": "k1", "pairing_id": "p1"})
    await api.do("mini/cadre/contacts/c1/undo")

    asked = {path: (body, token) for path, body, token in receiver.requests}
    assert (opened["body"], bound["body"]) == ({"role": "unbound"}, {"role": "cadre"})
    assert listed["body"] == {"items": [{"id": "p1"}]}
    assert recorded == {"status": 201, "body": {"id": "c1"}}
    assert asked["/mini/v1/subscriptions"] == ({"results": {"REMIND": "accept"}}, "Bearer second")
    assert asked["/mini/v1/contacts"] == ({"client_id": "k1", "pairing_id": "p1"}, "Bearer second")
    assert asked["/mini/v1/session/phone"][1] == "Bearer first"
    assert "/mini/v1/contacts/c1/undo" in asked
    assert (await api.get("/_sandbox/users/cadre"))["credits"]["mini"] == {"REMIND": 1}


async def test_a_person_who_wants_no_reminders_gives_no_credit(api: Api, receiver: Receiver) -> None:
    await api.do("mini/cadre/contacts", {"client_id": "k1", "pairing_id": 7, "remind": False})

    assert receiver.requests[0][1] == {"results": {"REMIND": "reject"}}
    assert (await api.remind())["errcode"] == 43101


async def test_a_refusal_of_the_product_reaches_the_phone_as_it_is(api: Api, receiver: Receiver) -> None:
    receiver.mini_answers = {"/mini/v1/contacts": (409, {"title": "已经记录过"})}

    answer = await api.do("mini/cadre/contacts", {"client_id": "k1", "pairing_id": "p1"})

    assert answer == {"status": 409, "body": {"title": "已经记录过"}}
