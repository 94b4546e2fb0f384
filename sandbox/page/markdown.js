// The block half of Discord's markdown: code blocks, headings, subtext, quotes and lists.

import { el } from "/page/dom.js";
import { withEmoji } from "/page/emoji.js";
import { inline } from "/page/inline.js";

const FENCE = /(?<!\\)```(?:([\w+.#-]+)\n)?\n*([^]*?[^\n`][^]*?)\n*```/;
const LIST = /^( *)([-*]|\d{1,9}\.) +(\S.*)$/;

/** The nodes of a message text, an embed description or a text display. */
export function markdown(text, where) {
  const source = String(text);
  const fence = FENCE.exec(source);
  if (fence === null) return blocks(source, where);
  const [whole, language, code] = fence;
  const after = source.slice(fence.index + whole.length).replace(/^\n/, "");
  const block = el("pre", {}, el("code", { data: language ? { language } : {} }, withEmoji(code)));
  return [...blocks(source.slice(0, fence.index), where), block, ...markdown(after, where)];
}

function blocks(text, where) {
  const lines = text.split("\n");
  const nodes = [];
  let plain = [];
  const flush = () => {
    const joined = plain.join("\n");
    if (plain.length > 0 && joined !== "") nodes.push(el("div", { class: "lines", dir: "auto" }, inline(joined, where)));
    plain = [];
  };
  while (lines.length > 0) {
    const made = block(lines, where);
    if (made === null) {
      plain.push(lines.shift());
    } else {
      flush();
      nodes.push(made);
    }
  }
  flush();
  return nodes;
}

/** The block that starts at the first line, its lines taken off; null for plain text. */
function block(lines, where) {
  const line = lines[0];
  const heading = /^(#{1,3}) +(\S.*)$/.exec(line);
  if (heading) return take(lines, el(`h${heading[1].length + 2}`, { class: `h${heading[1].length}`, dir: "auto" }, inline(heading[2], where)));
  const small = /^-# +(\S.*)$/.exec(line);
  if (small) return take(lines, el("div", { class: "subtext", dir: "auto" }, inline(small[1], where)));
  if (/^>>> /.test(line)) return el("blockquote", {}, markdown(lines.splice(0).join("\n").slice(4), where));
  if (/^> /.test(line)) return quote(lines, where);
  return LIST.test(line) ? list(lines, where) : null;
}

function take(lines, node) {
  lines.shift();
  return node;
}

function quote(lines, where) {
  const quoted = [];
  while (lines.length > 0 && /^> /.test(lines[0])) quoted.push(lines.shift().slice(2));
  return el("blockquote", {}, blocks(quoted.join("\n"), where));
}

/** A list; lines indented deeper than its first one make a list inside its last item. */
function list(lines, where) {
  const [, indent, bullet] = LIST.exec(lines[0]);
  const ordered = bullet.length > 1;
  const node = el(ordered ? "ol" : "ul", ordered ? { start: parseInt(bullet, 10) } : {});
  while (lines.length > 0) {
    const item = LIST.exec(lines[0]);
    if (!item || item[1].length < indent.length) break;
    const deeper = item[1].length > indent.length;
    if (!deeper && item[2].length > 1 !== ordered) break;
    if (deeper) {
      node.lastElementChild.append(list(lines, where));
    } else {
      node.append(el("li", { dir: "auto" }, inline(item[3], where)));
      lines.shift();
    }
  }
  return node;
}
