// The list of messages: drawn anew only where something changed, kept at the newest unless the reader scrolled up.

import { el } from "/page/dom.js";
import { t } from "/page/language.js";
import { messageItem, referenced, SILENT } from "/page/message.js";
import { noticeItem } from "/page/notice.js";
import { store } from "/page/store.js";
import { dayName } from "/page/timestamps.js";

const NEAR_PX = 60;
const TOGETHER_MS = 7 * 60 * 1000;
const FLASH_MS = 2000;
const SPOKEN_AFTER_MS = 1500;

const scroller = document.getElementById("scroller");
const list = document.getElementById("messages");
const log = document.getElementById("log");
const jump = document.getElementById("jump");
const drawn = new Map(); // key -> {node, version}
let epoch = 0;
let atNewest = true;

/** Draw the channel. `everything` redraws messages that did not change: another user, language, server. */
export function drawLog({ everything = false, silently = everything } = {}) {
  if (everything) epoch += 1;
  log.setAttribute("aria-live", silently ? "off" : "polite");
  const focus = focusedPart();
  const nodes = [];
  const alive = new Set();
  let before = null;
  for (const entry of store.visible()) {
    const items = [draw(entry, isCompact(before, entry))];
    if (newDay(before, entry)) items.unshift(drawDay(entry.message.timestamp));
    for (const item of items) alive.add(item.key);
    nodes.push(...items.map((item) => item.node));
    before = entry;
  }
  for (const key of drawn.keys()) if (!alive.has(key)) drawn.delete(key);
  const grew = nodes.length > list.children.length;
  place(nodes);
  focus?.();
  if (atNewest) toNewest();
  else if (grew && !silently) jump.hidden = false;
}

/** Bring the list to `nodes` and move nothing that already stands where it belongs. */
function place(nodes) {
  const wanted = new Set(nodes);
  for (const child of [...list.children]) if (!wanted.has(child)) child.remove();
  nodes.forEach((node, index) => {
    if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
  });
}

function draw(entry, compact) {
  const key = entry.notice ? `notice-${entry.notice.key}` : entry.message.id;
  const version = [epoch, compact, entry.notice ?? entry.message, entry.message && referenced(entry.message), store.failures.has(key)];
  const old = drawn.get(key);
  if (old && old.version.every((part, index) => part === version[index])) return { key, node: old.node };
  const fresh = entry.notice ? noticeItem(entry) : messageItem(entry, compact);
  const node = old ? redraw(old.node, fresh) : fresh;
  drawn.set(key, { node, version });
  // A new message is read out once; its later edits are not.
  if (!old) setTimeout(() => node.setAttribute("aria-live", "off"), SPOKEN_AFTER_MS);
  return { key, node };
}

/** Keep the list item itself, so that the reader's place and links to it stay valid. */
function redraw(node, fresh) {
  node.className = fresh.className;
  Object.assign(node.dataset, fresh.dataset);
  node.replaceChildren(...fresh.childNodes);
  return node;
}

/** Follows on the same author without a header, unless it has something of its own to say there. */
function isCompact(before, { message, notice }) {
  if (!before?.message || notice || before.private || message.flags & SILENT) return false;
  if (message.message_reference || message.interaction_metadata) return false;
  const gap = new Date(message.timestamp) - new Date(before.message.timestamp);
  return before.message.author.id === message.author.id && gap < TOGETHER_MS && !newDay(before, { message });
}

function newDay(before, entry) {
  if (!entry.message || before?.notice) return false;
  const day = new Date(entry.message.timestamp).toDateString();
  return !before || new Date(before.message.timestamp).toDateString() !== day;
}

function drawDay(iso) {
  const key = `day-${new Date(iso).toDateString()}`;
  const old = drawn.get(key);
  const node = old?.version[0] === epoch ? old.node : divider(iso);
  drawn.set(key, { node, version: [epoch] });
  return { key, node };
}

function divider(iso) {
  return el("li", { class: "day", role: "separator", "aria-label": dayName(iso) }, el("span", {}, dayName(iso)));
}

/** What has the focus inside the list, as a way to give it back after drawing. */
function focusedPart() {
  const { activeElement } = document;
  const item = activeElement?.closest?.("li.message");
  if (!item || !list.contains(item)) return null;
  const { customId } = activeElement.dataset;
  return () => {
    if (activeElement.isConnected) return;
    const again = customId && item.querySelector(`[data-custom-id="${CSS.escape(customId)}"]:not(:disabled)`);
    (again || scroller).focus({ preventScroll: true });
  };
}

export function toNewest() {
  scroller.scrollTop = scroller.scrollHeight;
  atNewest = true;
  jump.hidden = true;
}

/** Go to a message and light it up for a moment. */
export function toMessage(id) {
  const node = list.querySelector(`li.message[data-id="${CSS.escape(id)}"]`);
  if (!node) return;
  node.scrollIntoView({ block: "center" });
  node.classList.add("flash");
  setTimeout(() => node.classList.remove("flash"), FLASH_MS);
}

export function startLog() {
  scroller.addEventListener("scroll", () => {
    atNewest = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_PX;
    if (atNewest) jump.hidden = true;
  });
  // Pictures arrive late and the composer grows: neither may hide the newest message.
  const keep = new ResizeObserver(() => atNewest && toNewest());
  keep.observe(list);
  keep.observe(scroller);
  jump.addEventListener("click", toNewest);
}

/** The words of the frame around the list. */
export function drawFrame() {
  const name = store.channel()?.name ?? "";
  jump.textContent = `${t("newer")} ↓`;
  scroller.setAttribute("aria-label", `#${name}`);
  document.getElementById("welcome").replaceChildren(
    el("h2", {}, t("welcome", { name })),
    el("p", {}, t("welcome_text", { name })),
  );
}
