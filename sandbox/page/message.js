// One message as a list item: reply line, author, text, embeds, files, components, private footer.

import { attachments } from "/page/attachments.js";
import { avatar } from "/page/avatar.js";
import { components } from "/page/components.js";
import { announce, el } from "/page/dom.js";
import { embed } from "/page/embed.js";
import { withEmoji } from "/page/emoji.js";
import { icon } from "/page/icons.js";
import { t } from "/page/language.js";
import { markdown } from "/page/markdown.js";
import { store } from "/page/store.js";
import { dayAndTime, gutterTime, sentAt } from "/page/timestamps.js";

const SUPPRESS_EMBEDS = 1 << 2;
const LOADING = 1 << 7;
export const SILENT = 1 << 12;
const PREVIEW = 160;

/** `entry` is {message, private?}; `compact` leaves the author out. */
export function messageItem(entry, compact) {
  const { message } = entry;
  const name = store.authorName(message.author);
  const node = el(
    "li",
    {
      class: "message",
      data: { id: message.id, author: name, authorId: message.author.id, ...(entry.private ? { ephemeral: "true" } : {}) },
    },
    replyLine(message),
    usedLine(message),
    compact ? gutterTime(message.timestamp) : avatar(message.author.id, name, message.author.bot),
    el("div", { class: "message-main" }, compact ? null : header(message, name), body(message), entry.private && privateLine(() => store.dismiss(message.id))),
  );
  node.classList.toggle("compact", compact);
  node.classList.toggle("for-me", mentionsMe(message));
  return node;
}

const mentionsMe = (message) =>
  message.mention_everyone ||
  message.mentions.some((user) => user.id === store.userId) ||
  message.mention_roles.some((id) => store.user()?.roles.includes(id));

/** What replies show of a message. */
function preview(message) {
  const text = message.content || message.embeds[0]?.title || "";
  return text.split("\n")[0].slice(0, PREVIEW);
}

export function referenced(message) {
  const id = message.message_reference?.message_id;
  return id ? (store.message(id) ?? message.referenced_message ?? null) : null;
}

function replyLine(message) {
  if (!message.message_reference) return null;
  const target = referenced(message);
  if (target === null) return el("div", { class: "reply" }, el("span", { class: "reply-gone" }, t("gone")));
  const name = store.authorName(target.author);
  const go = () => announce("scroll", target.id);
  return el(
    "div",
    { class: "reply" },
    avatar(target.author.id, name, target.author.bot),
    el(
      "button",
      { type: "button", class: "reply-go", data: { replyTo: target.id }, on: { click: go } },
      el("span", { class: "sr-only" }, "↪ "),
      el("span", { class: "reply-name" }, name),
      " ",
      el("span", { class: "reply-text", dir: "auto" }, withPlainMentions(preview(target), target)),
    ),
  );
}

/** One line of markdown without its buttons: a reply line is itself a button. */
function withPlainMentions(text, message) {
  const line = el("span", {}, markdown(text.replace(/^#+ |^-# /, ""), { message, quiet: true }));
  return withEmoji(line.textContent);
}

/** "Admin used /status", where the message answers a command. */
function usedLine({ interaction_metadata: metadata, message_reference: answered }) {
  if (!metadata?.name || answered) return null;
  const { name: command, user } = metadata;
  const name = store.authorName(user);
  const [before, after] = t("used", { user: "\n", command: "" }).split("\n");
  return el(
    "div",
    { class: "reply used" },
    avatar(user.id, name, user.bot),
    el("span", {}, before, el("b", {}, name), after, el("span", { class: "used-command" }, `/${command}`)),
  );
}

function header(message, name) {
  const silent = message.flags & SILENT;
  return el(
    "div",
    { class: "message-header" },
    el("span", { class: message.author.bot ? "author bot" : "author", dir: "auto" }, name),
    message.author.bot ? el("span", { class: "app-badge" }, t("app")) : null,
    sentAt(message.timestamp),
    silent ? silentMark() : null,
  );
}

const silentMark = () => el("span", { class: "silent", role: "img", "aria-label": t("silent"), title: t("silent") }, icon("bellOff"));

function body(message) {
  if (message.flags & LOADING) return thinking();
  const embeds = message.flags & SUPPRESS_EMBEDS ? [] : message.embeds;
  return [
    content(message),
    attachments(message),
    embeds.map((one) => embed(one, message)),
    components(message),
    store.failures.has(message.id) ? el("div", { class: "failure", role: "alert" }, `⚠ ${t("failed")}`) : null,
  ].flat();
}

function content(message) {
  if (!message.content) return message.edited_timestamp && !message.embeds.length && !message.components.length ? edited(message) : null;
  const node = el("div", { class: "content markdown" }, markdown(message.content, { message }));
  if (message.edited_timestamp) {
    const last = node.lastElementChild;
    (last?.matches(".lines") ? last : node).append(" ", edited(message));
  }
  return node;
}

function edited(message) {
  const title = dayAndTime(new Date(message.edited_timestamp));
  return el("span", { class: "edited", title }, `(${t("edited")})`);
}

export function thinking(text = t("thinking", { name: store.application.name })) {
  const dots = el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i"));
  return el("div", { class: "thinking" }, dots, text);
}

/** Under what one person alone sees; `drop` takes it off the page. */
export function privateLine(drop) {
  return el(
    "div",
    { class: "private" },
    icon("eye"),
    el("span", {}, t("only_you")),
    el("span", { "aria-hidden": "true" }, "·"),
    el("button", { type: "button", class: "text-button", on: { click: drop } }, t("dismiss")),
  );
}
