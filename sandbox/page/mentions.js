// Mention pills. A pill says whether it really notified somebody; only the sandbox knows that.

import { announce, el } from "/page/dom.js";
import { t } from "/page/language.js";
import { store } from "/page/store.js";

/** `where` is {message, quiet}: quiet in embeds and boards, where mentions never notify. */
export function userMention(id, where) {
  const named = store.userName(id) ?? mentionedName(id, where.message);
  const pinged = !where.quiet && where.message.mentions.some((user) => user.id === id);
  return pill(`@${named ?? "unknown-user"}`, pinged);
}

function mentionedName(id, message) {
  const user = message?.mentions?.find((one) => one.id === id);
  return user && store.authorName(user);
}

export function roleMention(id, where) {
  const pinged = !where.quiet && where.message.mention_roles.includes(id);
  return pill(`@${(store.roleName(id) ?? "unknown-role").replace(/^@/, "")}`, pinged);
}

export function everyoneMention(word, where) {
  return pill(word, !where.quiet && where.message.mention_everyone);
}

function pill(text, pinged) {
  const title = t(pinged ? "pinged" : "not_pinged");
  const data = pinged ? { pinged: "true" } : {};
  return el("span", { class: pinged ? "mention pinged" : "mention", title, data, dir: "auto" }, text);
}

export function channelMention(id) {
  const name = store.channelName(id);
  if (!name) return el("span", { class: "mention" }, "#unknown");
  const open = () => store.select({ channelId: id });
  return el("button", { type: "button", class: "mention", on: { click: open } }, `#${name}`);
}

/** `</watch add:id>`: puts the command into the composer. */
export function commandMention(name) {
  const prefill = () => announce("prefill", name);
  return el("button", { type: "button", class: "mention command", on: { click: prefill } }, `/${name}`);
}

/** A link to a message, as Discord shows it: the channel's name, and a click goes there. */
export function messageLink(channelId, messageId) {
  const open = () => {
    store.select({ channelId });
    announce("scroll", messageId);
  };
  const name = store.channelName(channelId) ?? t("unknown_channel");
  return el("button", { type: "button", class: "mention", on: { click: open } }, `#${name} › 💬`);
}
