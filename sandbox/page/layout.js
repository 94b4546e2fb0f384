// The layout kinds of Components V2. What they hold is drawn by the `draw` they are given.

import { fileCard, picture } from "/page/attachments.js";
import { colour, el } from "/page/dom.js";
import { markdown } from "/page/markdown.js";

function section(part, message, draw) {
  const texts = part.components.map((child) => draw(child, message));
  return el(
    "div",
    { class: "v2-section" },
    el("div", { class: "v2-section-text" }, texts),
    el("div", { class: "v2-accessory" }, draw(part.accessory, message)),
  );
}

function text(part, message) {
  return el("div", { class: "v2-text markdown" }, markdown(part.content, { message }));
}

/** A medium with its own description, or else that of its file. */
const described = ({ media, description }) => picture({ ...media, description: description ?? media.description });

const thumbnail = (part) => el("div", { class: "v2-thumbnail" }, described(part));

const gallery = (part) => el("div", { class: part.items.length > 1 ? "v2-gallery many" : "v2-gallery" }, part.items.map(described));

const file = (part) => fileCard({ filename: part.file.url.split("/").at(-1), url: part.file.url });

function separator(part) {
  const spacing = part.spacing === 2 ? "wide" : "narrow";
  return el("hr", { class: part.divider === false ? `v2-gap ${spacing}` : `v2-line ${spacing}` });
}

function container(part, message, draw) {
  const node = el("div", { class: "v2-container" }, part.components.map((child) => draw(child, message)));
  node.classList.toggle("accented", Number.isInteger(part.accent_color));
  node.style.setProperty("--bar", colour(part.accent_color, "transparent"));
  return node;
}

const KINDS = { 9: section, 10: text, 11: thumbnail, 12: gallery, 13: file, 14: separator, 17: container };

/** One layout component; an unknown kind is named, never silently dropped. */
export function layout(part, message, draw) {
  const make = KINDS[part.type];
  return make ? make(part, message, draw) : el("p", { class: "unknown" }, `Component type ${part.type}`);
}
