/** Small pieces the page is made of. Text always goes in as text, never as HTML. */

export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export const byId = (id) => document.getElementById(id);

const clockFormat = new Intl.DateTimeFormat("zh-CN", {
  timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit", hour12: false,
});
const dayFormat = new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", month: "numeric", day: "numeric" });
const secondFormat = new Intl.DateTimeFormat("zh-CN", {
  timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false,
});

export function momentOf(iso) {
  const at = new Date(iso);
  const today = dayFormat.format(new Date()) === dayFormat.format(at);
  return today ? clockFormat.format(at) : `${dayFormat.format(at)} ${clockFormat.format(at)}`;
}

export const secondOf = (iso) => secondFormat.format(new Date(iso));

export async function call(method, path, body) {
  const options = { method, headers: { "content-type": "application/json" } };
  if (body !== undefined) options.body = JSON.stringify(body);
  const response = await fetch(path, options);
  const answer = response.status === 204 ? null : await response.json();
  if (!response.ok) throw new Error(String(answer?.detail ?? response.status));
  return answer;
}

export function complain(error) {
  byId("status").textContent = error ? `没有成功：${error.message}` : "";
}

/** Run what a button does once at a time, and say so when it fails. */
export async function busy(button, work) {
  button.disabled = true;
  try {
    await work();
    complain(null);
  } catch (error) {
    complain(error);
  } finally {
    button.disabled = false;
  }
}
