/** Two phones and the ledger, asked for once a second. */

import { busy, byId, call, complain, el, secondOf } from "./elements.js";
import { openMini } from "./mini.js";
import { Talk } from "./talk.js";

const KINDS = {
  call: "调用", delivered: "送达", repeat: "重复", push: "推送", reply: "回复", notice: "提示", act: "动作",
  held: "待审", blocked: "拦截", lost: "丢失",
};
const MOST_ENTRIES = 60;

const left = byId("left-user");
const right = byId("right-user");
const notices = new Talk(byId("left-log"), "还没有服务通知");
const chat = new Talk(byId("right-log"), "关注服务号后，在这里对话");
const mini = document.querySelector(".mini-head h3").textContent;
const account = byId("right-log").getAttribute("aria-label").slice(1, -3);
let seen = -1;
let follows = false;
let menuShown = "";
let miniOpenFor = null;

const person = (select) => `/_sandbox/users/${encodeURIComponent(select.value)}`;

async function refresh() {
  const query = new URLSearchParams({ left: left.value, right: right.value, seen: String(seen) });
  const screen = await call("GET", `/_sandbox/screen?${query}`);
  if (screen.seq === seen) return;
  seen = screen.seq;
  offer(left, screen.people, 0);
  offer(right, screen.people, 1);
  showMenu(screen.menu);
  showPhones(screen);
  showLedger(screen.ledger);
}

function offer(select, people, fallback) {
  const known = new Set([...select.options].map((option) => option.value));
  if (people.length === known.size && people.every((each) => known.has(each.id))) return;
  const chosen = select.value;
  select.replaceChildren(...people.map((each) => el("option", { value: each.id }, each.name)));
  const next = people.some((each) => each.id === chosen) ? chosen : people[Math.min(fallback, people.length - 1)]?.id;
  if (next !== undefined) select.value = next;
  if (next !== chosen) seen = -1;
}

function showPhones({ left: cadre, right: guardian }) {
  const toMini = () => choose(byId("tab-mini"));
  notices.show(cadre?.id ?? null, cadre?.messages.filter((each) => each.type === "card") ?? [],
    { me: cadre?.name ?? "", from: mini, onOpen: toMini });
  chat.show(guardian?.id ?? null, guardian?.messages ?? [], { me: guardian?.name ?? "", from: account });
  follows = guardian?.follows ?? false;
  byId("follow-state").textContent = follows ? "已关注" : "未关注";
  byId("follow").textContent = follows ? "取消关注" : "关注";
  byId("follow").classList.toggle("off", follows);
}

function menuButton(item) {
  if (item.type !== "click") return el("button", { type: "button", title: item.url ?? item.pagepath ?? "" }, item.name);
  const button = el("button", { type: "button" }, item.name);
  button.addEventListener("click", () => {
    button.closest("details")?.removeAttribute("open");
    busy(button, () => call("POST", `${person(right)}/click`, { key: item.key }).then(refresh));
  });
  return button;
}

function showMenu(buttons) {
  const shape = JSON.stringify(buttons);
  if (shape === menuShown) return;
  menuShown = shape;
  byId("menu").hidden = !buttons.length;
  byId("menu").replaceChildren(...buttons.map((item) => item.sub_button?.length
    ? el("details", {}, el("summary", {}, item.name), el("div", {}, ...item.sub_button.map(menuButton)))
    : menuButton(item)));
}

function ledgerLine(entry) {
  const shade = entry.bad ? "bad" : "good";
  return el("details", { "data-seq": entry.seq },
    el("summary", {},
      el("span", { className: "seq" }, `#${entry.seq}`),
      el("span", { className: "at" }, secondOf(entry.at)),
      el("span", { className: `kind ${shade}` }, KINDS[entry.kind] ?? entry.kind),
      el("span", { className: "what" }, entry.what,
        entry.result ? el("span", { className: entry.bad ? "bad" : "soft" }, ` ${entry.result}`) : null)),
    el("pre", {}, entry.raw));
}

function showLedger(entries) {
  const box = byId("entries");
  const newest = Number(box.firstElementChild?.dataset.seq ?? 0);
  if (!entries.length || entries[0].seq < newest) box.replaceChildren();
  box.prepend(...entries.filter((entry) => entry.seq > newest).map(ledgerLine));
  while (box.children.length > MOST_ENTRIES) box.lastElementChild.remove();
}

function choose(tab) {
  for (const each of document.querySelectorAll("[role=tab]")) {
    const chosen = each === tab;
    each.setAttribute("aria-selected", String(chosen));
    each.tabIndex = chosen ? 0 : -1;
    byId(each.getAttribute("aria-controls")).hidden = !chosen;
  }
  byId("left-bar").textContent = tab.textContent;
  if (tab.id === "tab-mini" && miniOpenFor !== left.value) {
    miniOpenFor = left.value;
    openMini(left.value);
  }
}

for (const tab of document.querySelectorAll("[role=tab]")) {
  tab.addEventListener("click", () => choose(tab));
  tab.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    const other = document.querySelector("[role=tab][aria-selected=false]");
    choose(other);
    other.focus();
  });
}

for (const select of [left, right]) {
  select.addEventListener("change", () => {
    const url = new URL(location.href);
    url.searchParams.set("left", left.value);
    url.searchParams.set("right", right.value);
    history.replaceState(null, "", url);
    seen = -1;
    if (select === left && !byId("mini").hidden) {
      miniOpenFor = left.value;
      openMini(left.value);
    } else if (select === left) {
      miniOpenFor = null;
    }
    refresh().catch(complain);
  });
}

byId("follow").addEventListener("click", (event) => busy(event.currentTarget, async () => {
  await call("POST", `${person(right)}/${follows ? "unfollow" : "follow"}`);
  await refresh();
}));

function onSubmit(form, field, send) {
  byId(form).addEventListener("submit", (event) => {
    event.preventDefault();
    const value = byId(field).value.trim();
    if (!value) return;
    byId(field).value = "";
    busy(event.submitter ?? event.currentTarget.querySelector("button"), async () => {
      const sent = send(value);
      setTimeout(() => refresh().catch(complain), 50);
      await sent;
      await refresh();
    });
  });
}

onSubmit("say", "words", (text) => call("POST", `${person(right)}/say`, { text }));
onSubmit("scan", "scene", (scene) => call("POST", `${person(right)}/scan`, { scene_str: scene }));

async function keepWatching() {
  try {
    if (!document.hidden) await refresh();
    if (byId("status").dataset.lost) {
      complain(null);
      delete byId("status").dataset.lost;
    }
  } catch {
    byId("status").dataset.lost = "1";
    byId("status").textContent = "与沙箱的连接断了，正在重试";
  }
  setTimeout(keepWatching, 1000);
}

if (new URL(location.href).hash === "#mini") choose(byId("tab-mini"));
keepWatching();
