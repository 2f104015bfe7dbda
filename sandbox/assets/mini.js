/** The stand-in for the mini program: sign in, bind the phone, one tap, undo. */

import { busy, byId, call, el } from "./elements.js";

const NO_ANSWER = "服务没有应答，请稍后再试";
const body = byId("mini-body");
const toast = byId("toast");
const clientIds = new Map();
let who = "";
let hideToast = 0;
let order = [];

const path = (rest) => `/_sandbox/mini/${encodeURIComponent(who)}/${rest}`;
const good = (answer) => answer.status >= 200 && answer.status < 300;
const reason = (answer) => answer.body?.detail || answer.body?.title || NO_ANSWER;

function panel(text, label, onTap) {
  const button = el("button", { type: "button", className: "go" }, label);
  button.addEventListener("click", () => busy(button, onTap));
  body.replaceChildren(el("div", { className: "ask" }, el("p", {}, text), button));
}

function say(text, actionLabel, action) {
  clearTimeout(hideToast);
  toast.replaceChildren(el("span", {}, text));
  if (action) {
    const button = el("button", { type: "button" }, actionLabel);
    button.addEventListener("click", () => busy(button, action));
    toast.append(button);
  }
  toast.hidden = false;
  hideToast = setTimeout(() => { toast.hidden = true; }, action ? 20000 : 4000);
}

function count(label, value) {
  if (value === null || value === undefined) return null;
  const done = typeof value === "object" ? value.done : value;
  const due = typeof value === "object" ? value.due : undefined;
  return el("span", {}, `${label} `, el("b", {}, String(done)), due === undefined ? " 次" : ` / ${due} 次`);
}

function day(isoDate) {
  const [year, month, date] = isoDate.split("-").map(Number);
  return `${year}年${month}月${date}日`;
}

function dates(item) {
  const last = item.last_contact_on ? `上次联系：${day(item.last_contact_on)}` : "还没有联系上";
  return item.next_due_on ? `${last}。应在${day(item.next_due_on)}前联系` : last;
}

function person(item) {
  const name = item.beneficiary?.name ?? item.name ?? "帮扶对象";
  const button = el("button", { type: "button", className: "go", "aria-label": `记录与${name}的联系` }, "记录联系");
  button.addEventListener("click", () => busy(button, () => record(item, name)));
  const hint = typeof item.hint === "string" ? item.hint : item.hint?.text;
  return el("article", { className: "person" },
    el("h4", {}, name, el("small", {}, item.beneficiary?.note ?? "")),
    el("p", { className: "counts" }, count("今年联系", item.contacts), count("入户走访", item.visits)),
    el("p", { className: "soft" }, dates(item)),
    hint ? el("p", { className: "hint" }, hint) : null,
    button);
}

async function record(item, name) {
  const clientId = clientIds.get(item.id) ?? crypto.randomUUID();
  clientIds.set(item.id, clientId);
  const tap = { client_id: clientId, pairing_id: item.id, remind: byId("remind").checked };
  const answer = await call("POST", path("contacts"), tap);
  if (!good(answer)) {
    say(reason(answer));
    return;
  }
  clientIds.delete(item.id);
  const id = answer.body.id ?? answer.body.contact?.id;
  say(`已记录与${name}的联系`, "撤销", id === undefined ? null : () => undo(id));
  await list({ asBefore: true });
}

async function undo(id) {
  const answer = await call("POST", path(`contacts/${encodeURIComponent(id)}/undo`));
  say(good(answer) ? "已撤销" : reason(answer));
  await list({ asBefore: true });
}

/** Show the people; after a tap in the order of before, so that a slow second tap meets the same person. */
async function list({ asBefore = false } = {}) {
  const answer = await call("GET", path("pairings"));
  if (!good(answer)) {
    panel(reason(answer), "再试一次", open);
    return;
  }
  const items = Array.isArray(answer.body) ? answer.body : answer.body.items ?? answer.body.pairings ?? [];
  if (asBefore) items.sort((one, other) => order.indexOf(one.id) - order.indexOf(other.id));
  order = items.map((item) => item.id);
  const people = items.map(person);
  body.replaceChildren(...(people.length ? people : [el("p", { className: "nothing" }, "还没有结对的帮扶对象")]));
}

async function open() {
  const answer = await call("POST", path("open"));
  if (!good(answer)) panel(reason(answer), "再试一次", open);
  else if (answer.body.role === "unbound") panel("首次使用，请用手机号确认身份", "手机号快捷登录", bind);
  else if (answer.body.role === "guardian") panel("监护人的页面在服务号里", "刷新", open);
  else await list();
}

async function bind() {
  const answer = await call("POST", path("bind"));
  if (good(answer) && answer.body.role !== "unbound") await open();
  else panel(good(answer) ? "名册里没有这个手机号，请联系管理员" : reason(answer), "再试一次", bind);
}

/** Open the mini program on this person's phone. */
export function openMini(user) {
  who = user;
  toast.hidden = true;
  const button = byId("mini-reload");
  if (who) busy(button, open);
  else body.replaceChildren(el("p", { className: "nothing" }, "这里还没有人"));
}

byId("mini-reload").addEventListener("click", () => openMini(who));
