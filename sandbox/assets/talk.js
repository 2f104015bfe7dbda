/** A conversation on a phone: bubbles, cards, and what the system says in the middle. */

import { el, momentOf } from "./elements.js";

const GAP_MS = 5 * 60 * 1000;
const SYSTEM = { follow: "你已关注该公众号", unfollow: "你已取消关注该公众号" };

function bubble(message, mine, face) {
  return el("div", { className: mine ? "said mine" : "said" },
    el("span", { className: "face", "aria-hidden": "true" }, face.slice(0, 1)),
    el("div", { className: "bubble" },
      el("span", { className: "hidden" }, mine ? "我说：" : `${face}说：`), message));
}

function card(message, from, onOpen) {
  const rows = message.rows.flatMap(([label, value]) => [el("dt", {}, label), el("dd", {}, value)]);
  let go = null;
  if (onOpen) {
    go = el("button", { type: "button", className: "card-go", onclick: onOpen },
      "进入小程序查看", el("span", { "aria-hidden": "true" }, "›"));
  } else if (message.url) {
    go = el("p", { className: "card-go", "data-plain": "" }, `查看详情：${message.url}`);
  }
  return el("article", { className: "card" },
    el("div", { className: "card-from" },
      el("span", { className: "face", "aria-hidden": "true" }, from.slice(0, 1)), from),
    el("h3", {}, message.title), el("dl", {}, ...rows), go);
}

function articles(message) {
  return el("div", {}, ...message.articles.map((item) =>
    el("article", { className: "card" },
      el("h3", {}, item.title ?? ""),
      el("p", { className: "card-go", "data-plain": "" }, item.description || item.url || "图文消息"))));
}

function rendered(message, { me, from, onOpen }) {
  switch (message.type) {
    case "say": return bubble(message.text, true, me);
    case "text": return bubble(message.text, false, from);
    case "card": return card(message, from, onOpen);
    case "news": return articles(message);
    case "msgmenu": return bubble([message.head_content, ...(message.list ?? []).map((item) => item.content),
      message.tail_content].filter(Boolean).join("\n"), false, from);
    case "miniprogrampage": return bubble(`［小程序］${message.title ?? ""}`, false, from);
    case "click": return el("p", { className: "moment" }, "你点了菜单");
    case "notice": return el("p", { className: "moment" }, message.text);
    default: return el("p", { className: "moment" }, SYSTEM[message.type] ?? `［${message.type}］`);
  }
}

/** Keeps one log up to date: adds what is new, starts over when it belongs to somebody else. */
export class Talk {
  constructor(log, emptyText) {
    this.log = log;
    this.emptyText = emptyText;
    this.owner = null;
    this.show(null, [], {});
  }

  show(owner, messages, context) {
    if (owner !== this.owner || !messages.length || messages[0].seq > this.last) {
      this.log.replaceChildren();
      this.owner = owner;
      this.last = 0;
      this.lastAt = 0;
    }
    const fresh = messages.filter((message) => message.seq > this.last);
    if (!messages.length) {
      this.log.append(el("p", { className: "nothing" }, this.emptyText));
    } else if (this.last === 0) {
      this.log.replaceChildren();
    }
    for (const message of fresh) this.add(message, context);
    if (fresh.length) this.log.scrollTop = this.log.scrollHeight;
  }

  add(message, context) {
    const at = Date.parse(message.at);
    if (at - this.lastAt > GAP_MS) this.log.append(el("p", { className: "moment" }, momentOf(message.at)));
    this.log.append(rendered(message, context));
    this.last = message.seq;
    this.lastAt = at;
  }
}
