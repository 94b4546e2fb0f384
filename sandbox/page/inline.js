// The inline half of Discord's markdown: emphasis, code, links, mentions and moments, as DOM nodes.

import { el, link } from "/page/dom.js";
import { withEmoji } from "/page/emoji.js";
import { t } from "/page/language.js";
import { channelMention, commandMention, everyoneMention, messageLink, roleMention, userMention } from "/page/mentions.js";
import { timestamp } from "/page/timestamps.js";

const DEEPEST = 8;
const STARTS = /[\\`*_~|[<h@]/;

/** Each rule: a sticky pattern, and what it makes; null means "leave it as text". */
const RULES = [
  [/\\([^0-9A-Za-z\s])/y, ([, character]) => withEmoji(character)],
  [/(`+)([^]*?[^`])\1(?!`)/y, ([, , code]) => el("code", {}, withEmoji(code.replace(/^ (`.*`) $/, "$1")))],
  [/\*\*((?:\\[^]|[^\\])+?)\*\*(?!\*)/y, ([, text], inside) => el("strong", {}, inside(text))],
  [/__((?:\\[^]|[^\\])+?)__(?!_)/y, ([, text], inside) => el("u", {}, inside(text))],
  [/~~((?:\\[^]|[^\\])+?)~~/y, ([, text], inside) => el("s", {}, inside(text))],
  [/\|\|((?:\\[^]|[^\\])+?)\|\|/y, ([, text], inside) => spoiler(inside(text))],
  [/\b_((?:__|\\[^]|[^\\_])+?)_\b/y, ([, text], inside) => el("em", {}, inside(text))],
  [/\*(?=\S)((?:\*\*|\\[^]|[^*\\])+?)(?<!\s)\*(?!\*)/y, ([, text], inside) => el("em", {}, inside(text))],
  [/\[((?:\\[^]|[^[\]\\])+)\]\(<?(https?:\/\/[^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)*)>?(?: +"[^"\n]*")?\)/y, maskedLink],
  [/<(https?:\/\/[^\s<>]+)>/y, ([, url]) => link(url, url)],
  [/<t:(-?\d{1,17})(?::([tTdDfFsSR]))?>/y, ([, unix, style]) => timestamp(Number(unix), style)],
  [/<\/([-_'\p{L}\p{N} ]{1,98}):\d+>/uy, ([, name]) => commandMention(name)],
  [/<@!?(\d+)>/y, ([, id], _, where) => userMention(id, where)],
  [/<@&(\d+)>/y, ([, id], _, where) => roleMention(id, where)],
  [/<#(\d+)>/y, ([, id]) => channelMention(id)],
  [/<a?(:\w{2,32}:)\d+>/y, ([, name]) => name],
  [/@(?:everyone|here)\b/y, ([word], _, where) => everyoneMention(word, where)],
  [/https:\/\/discord\.com\/channels\/\d+\/(\d+)\/(\d+)/y, ([, channelId, messageId]) => messageLink(channelId, messageId)],
  [/https?:\/\/[^\s<]+[^<.,:;"'\]\s)*_~|`]/y, ([url]) => link(url, url)],
];

/** A link whose text is itself an address could lie about where it leads: shown as written. */
function maskedLink([, text, url], inside) {
  return /https?:\/\//i.test(text) ? null : link(url, inside(text));
}

function spoiler(children) {
  const reveal = (event) => event.currentTarget.classList.add("revealed");
  const props = { type: "button", class: "spoiler", title: t("spoiler"), on: { click: reveal } };
  return el("button", props, children);
}

/** The nodes of one run of text. `where` tells mentions which message they stand in. */
export function inline(text, where, depth = 0) {
  if (depth > DEEPEST) return withEmoji(text);
  const nodes = [];
  const inside = (part) => inline(part, where, depth + 1);
  let plain = "";
  let at = 0;
  while (at < text.length) {
    const found = STARTS.test(text[at]) ? match(text, at, inside, where) : null;
    if (found === null) {
      plain += text[at];
      at += 1;
      continue;
    }
    nodes.push(...withEmoji(plain), ...[found.made].flat());
    plain = "";
    at = found.end;
  }
  return [...nodes, ...withEmoji(plain)];
}

function match(text, at, inside, where) {
  if (text[at] === "h" && /\w/.test(text[at - 1] ?? " ")) return null;
  for (const [pattern, make] of RULES) {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    const made = found && make(found, inside, where);
    if (made) return { made, end: at + found[0].length };
  }
  return null;
}
