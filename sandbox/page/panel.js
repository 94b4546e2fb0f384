// The demo's panel: what happens now, what to try, and switches that break things.

import { turn } from "/page/actions.js";
import { announce, el } from "/page/dom.js";
import { locale, t } from "/page/language.js";
import { store } from "/page/store.js";

let drawnFrom = null;

/** Draw it anew where something changed; it is hidden where the sandbox offers no switches. */
export function drawPanel() {
  const node = document.getElementById("panel");
  node.hidden = !store.panel;
  if (!store.panel) return;
  const from = JSON.stringify([store.panel, locale(), store.userId]);
  if (from === drawnFrom) return;
  drawnFrom = from;
  node.setAttribute("aria-label", t("panel"));
  node.replaceChildren(
    el("p", { class: "panel-chapter", role: "status" }, t(`chapter_${store.panel.chapter || "soon"}`)),
    el("div", { class: "panel-buttons" }, tips(), Object.entries(store.panel.switches).map(toggle)),
  );
}

function tips() {
  const other = store.people().find((one) => one.name === (store.user()?.name === "Member" ? "Admin" : "Member"));
  const french = locale() === "fr";
  return [
    tip("acknowledge", t("tip_acknowledge"), toAlert),
    other && tip("reader", t("tip_reader", { name: other.name }), () => store.select({ userId: other.id })),
    tip("history", "/history", () => announce("prefill", "history")),
    tip("language", french ? "English" : "Français", () => announce("locale", french ? "en-US" : "fr")),
  ];
}

const tip = (name, label, click) => el("button", { type: "button", class: "tip", data: { tip: name }, on: { click } }, label);

/** The newest alert that nobody has taken yet. */
function toAlert() {
  const channel = store.channels().find((one) => one.name === "alerts");
  store.select({ channelId: channel.id });
  const open = [...(store.messages.get(channel.id)?.values() ?? [])].filter((one) => JSON.stringify(one.components).includes("Acknowledge"));
  if (open.length > 0) announce("scroll", open.at(-1).id);
}

function toggle([name, on]) {
  const click = () => turn(name, !on).catch((error) => announce("error", error.message));
  const label = t(`switch_${name}_${on ? "on" : "off"}`);
  return el("button", { type: "button", class: "tip switch", "aria-pressed": String(on), data: { switch: name }, on: { click } }, label);
}
