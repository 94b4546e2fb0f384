// Moments in the reader's zone and language. Relative ones tick by themselves.

import { el } from "/page/dom.js";
import { dateLocale, t } from "/page/language.js";

const STYLES = {
  t: { timeStyle: "short" },
  T: { timeStyle: "medium" },
  d: { dateStyle: "short" },
  D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" },
  F: { dateStyle: "full", timeStyle: "short" },
  s: { dateStyle: "short", timeStyle: "short" },
  S: { dateStyle: "short", timeStyle: "medium" },
};
const UNITS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];
const LATEST = 8_640_000_000_000; // seconds: the last moment JavaScript can hold
const TICK_MS = 1000;
let lapse = null;

/** In the demo a second is shown as a minute since its story began (epoch seconds). */
export function setTimeLapse(next) {
  lapse = next ?? null;
}

/** Epoch seconds on the page's own clock. */
function now() {
  const real = Date.now() / 1000;
  return lapse && real > lapse.begun ? real + (real - lapse.begun) * (lapse.scale - 1) : real;
}

const format = (date, style) => new Intl.DateTimeFormat(dateLocale(), STYLES[style]).format(date);

function relative(unix) {
  const seconds = Math.round(unix - now());
  const [unit, length] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? UNITS.at(-1);
  const count = Math.trunc(seconds / length);
  return new Intl.RelativeTimeFormat(dateLocale(), { numeric: "always" }).format(count, unit);
}

/** A `<t:unix:style>` mark as an element, or null when there is no such moment. */
export function timestamp(unix, style = "f") {
  if (!Number.isFinite(unix) || Math.abs(unix) > LATEST) return null;
  const date = new Date(unix * 1000);
  const text = style === "R" ? relative(unix) : format(date, style);
  const data = style === "R" ? { relative: unix } : {};
  const props = { class: "timestamp", datetime: date.toISOString(), title: format(date, "F"), data };
  return el("time", props, text);
}

/** When a message was sent, as its header says it. */
export function sentAt(iso) {
  const date = new Date(iso);
  return el("time", { class: "sent", datetime: iso, title: format(date, "F") }, dayAndTime(date));
}

/** The time of day alone, for the gutter of a message without a header. */
export function gutterTime(iso) {
  const date = new Date(iso);
  return el("time", { class: "gutter", datetime: iso, title: format(date, "F") }, format(date, "t"));
}

/** The long date that stands between two days. */
export const dayName = (iso) => format(new Date(iso), "D");

export function dayAndTime(date) {
  const today = new Date(now() * 1000);
  const before = new Date(today);
  before.setDate(today.getDate() - 1);
  const time = format(date, "t");
  if (date.toDateString() === today.toDateString()) return t("today", { time });
  if (date.toDateString() === before.toDateString()) return t("yesterday", { time });
  return format(date, "s");
}

function tick() {
  for (const node of document.querySelectorAll("time[data-relative]")) {
    const text = relative(Number(node.dataset.relative));
    if (node.textContent !== text) node.textContent = text;
  }
}

export function startTicking() {
  setInterval(tick, TICK_MS);
}
