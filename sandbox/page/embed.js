// One embed: the card with the coloured bar.

import { colour, el, link, localUrl } from "/page/dom.js";
import { withEmoji } from "/page/emoji.js";
import { inline } from "/page/inline.js";
import { markdown } from "/page/markdown.js";
import { picture } from "/page/attachments.js";
import { dayAndTime } from "/page/timestamps.js";

const FIELDS_IN_A_ROW = 3;

export function embed(given, message) {
  const where = { message, quiet: true };
  const card = el(
    "article",
    { class: "embed", dir: "auto" },
    el(
      "div",
      { class: "embed-text" },
      given.author && author(given.author),
      given.title && el("div", { class: "embed-title", dir: "auto" }, titled(given, where)),
      given.description && el("div", { class: "embed-description markdown" }, markdown(given.description, where)),
      given.fields?.length > 0 && fields(given.fields, where),
    ),
    thumbnail(given.thumbnail),
    given.image && el("div", { class: "embed-image" }, picture(given.image)),
    footer(given),
  );
  card.style.setProperty("--bar", colour(given.color, "var(--embed-bar)"));
  return card;
}

const titled = (given, where) => (given.url ? link(given.url, inline(given.title, where)) : inline(given.title, where));

function author(given) {
  const name = given.url ? link(given.url, withEmoji(given.name)) : withEmoji(given.name);
  return el("div", { class: "embed-author", dir: "auto" }, name);
}

/** Fields in rows: up to three inline ones side by side, others on their own. */
function fields(all, where) {
  const rows = [];
  for (const field of all) {
    const last = rows.at(-1);
    if (field.inline && last?.[0].inline && last.length < FIELDS_IN_A_ROW) last.push(field);
    else rows.push([field]);
  }
  return el(
    "div",
    { class: "embed-fields" },
    rows.map((row) =>
      el(
        "div",
        { class: row[0].inline ? "embed-row inline" : "embed-row" },
        row.map((field) =>
          el(
            "div",
            { class: "embed-field" },
            el("div", { class: "embed-field-name", dir: "auto" }, inline(field.name, where)),
            el("div", { class: "embed-field-value markdown" }, markdown(field.value, where)),
          ),
        ),
      ),
    ),
  );
}

function thumbnail(given) {
  return given && localUrl(given.url) ? el("div", { class: "embed-thumbnail" }, picture(given)) : null;
}

function footer(given) {
  if (!given.footer && !given.timestamp) return null;
  const parts = [given.footer && withEmoji(given.footer.text)];
  if (given.footer && given.timestamp) parts.push(" • ");
  if (given.timestamp) parts.push(el("time", { datetime: given.timestamp }, dayAndTime(new Date(given.timestamp))));
  return el("div", { class: "embed-footer", dir: "auto" }, parts.flat());
}
