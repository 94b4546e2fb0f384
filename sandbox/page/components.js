// Interactive components of a message: rows, buttons; selects are in select.js.

import { press } from "/page/actions.js";
import { el, safeUrl } from "/page/dom.js";
import { componentEmoji, withEmoji } from "/page/emoji.js";
import { icon } from "/page/icons.js";
import { select } from "/page/select.js";
import { layout } from "/page/layout.js";

const ROW = 1;
const BUTTON = 2;
const SELECTS = [3, 5, 6, 7, 8];
const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger" };
const LINK = 5;

/** All components of a message, of the old kind or V2. */
export function components(message) {
  return message.components.map((part) => component(part, message));
}

export function component(part, message) {
  if (part.type === ROW) return row(part, message);
  if (part.type === BUTTON) return button(part, message);
  if (SELECTS.includes(part.type)) {
    return select(part, (values) => press(message.id, part.custom_id, values));
  }
  return layout(part, message, component);
}

function row(part, message) {
  const children = part.components.map((child) => component(child, message));
  return el("div", { class: "row", role: "group" }, children);
}

function button(part, message) {
  const label = [componentEmoji(part.emoji), part.label ? el("span", { class: "label" }, withEmoji(part.label)) : null];
  if (part.style === LINK) {
    const href = part.disabled ? undefined : safeUrl(part.url);
    const props = { class: "button secondary", href, target: "_blank", rel: "noopener noreferrer", role: "link" };
    return el("a", { ...props, "aria-disabled": part.disabled ? "true" : undefined }, label, icon("external"));
  }
  const props = {
    type: "button",
    class: `button ${STYLES[part.style] ?? "secondary"}`,
    disabled: Boolean(part.disabled),
    data: { customId: part.custom_id ?? "" },
    on: { click: (event) => pressed(event.currentTarget, part, message) },
  };
  return el("button", props, label);
}

/** While the bot thinks about a press, the button says so and takes no second one. */
async function pressed(node, part, message) {
  if (node.getAttribute("aria-busy") === "true") return;
  node.setAttribute("aria-busy", "true");
  try {
    await press(message.id, part.custom_id);
  } finally {
    node.removeAttribute("aria-busy");
  }
}
