// Puts the page together: what the sandbox says goes into the store, what changes there is drawn.

import { startComposer } from "/page/composer.js";
import { setLocale, t } from "/page/language.js";
import { connect } from "/page/live.js";
import { drawFrame, drawLog, startLog, toMessage, toNewest } from "/page/log.js";
import { openModal } from "/page/modal.js";
import { drawPanel } from "/page/panel.js";
import { closeMenu, drawSidebar } from "/page/sidebar.js";
import { store } from "/page/store.js";
import { startTheme, toggleTheme } from "/page/theme.js";
import { setTimeLapse, startTicking } from "/page/timestamps.js";

const asked = new URLSearchParams(location.search);
let composer = null;
let placed = false;

/** The first state decides where to open: `?channel=id`, `#name`, "alerts", or the first one. */
function openAtStart() {
  if (placed || store.channels().length === 0) return;
  placed = true;
  const name = decodeURIComponent(location.hash.slice(1));
  const channel = store.channel(asked.get("channel")) ?? store.channels().find((one) => one.name === name);
  const user = store.people().find((one) => [one.id, one.name].includes(asked.get("user")));
  store.select({ ...(channel && { channelId: channel.id }), ...(user && { userId: user.id }) });
}

const SIDEBAR = ["state", "selection", "channels", "bot", "message_create"];
const PANEL = ["state", "selection", "channels", "panel"];
const WHOLE = ["state", "selection", "channels", "time_lapse"];

function changed({ detail: { kind, news } }) {
  if (kind === "state" || kind === "time_lapse") setTimeLapse(news.time_lapse);
  if (kind === "state") openAtStart();
  if (kind === "modal" && news.user_id === store.userId) openModal(news);
  if (kind === "commands") composer.refresh();
  if (SIDEBAR.includes(kind)) drawSidebar();
  if (PANEL.includes(kind)) drawPanel();
  if (WHOLE.includes(kind)) drawPlace(kind);
  else drawLog();
}

function drawPlace(kind) {
  document.title = `#${store.channel()?.name ?? "…"} · ${store.guild()?.name ?? ""} · ${store.application.name}`;
  drawFrame();
  composer.redraw();
  drawLog({ everything: true });
  if (kind === "selection") toNewest();
}

function linked(isOpen) {
  const banner = document.getElementById("connection");
  banner.hidden = isOpen;
  banner.textContent = isOpen ? "" : t("reconnecting");
  document.body.dataset.live = String(isOpen);
}

function listen() {
  const on = (name, act) => document.addEventListener(`page:${name}`, (event) => act(event.detail));
  on("prefill", (name) => composer.prefill(name));
  on("scroll", toMessage);
  on("error", (text) => composer.complain(text));
  on("theme", () => {
    toggleTheme();
    drawSidebar();
  });
  on("locale", (code) => {
    setLocale(code);
    composer.clear();
    store.select({});
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && closeMenu());
  document.querySelector("main").addEventListener("click", (event) => {
    if (!event.target.closest(".only-small")) closeMenu();
  });
  window.addEventListener("hashchange", () => {
    const channel = store.channels().find((one) => one.name === decodeURIComponent(location.hash.slice(1)));
    if (channel) store.select({ channelId: channel.id });
  });
}

startTheme();
setLocale(asked.get("lang") ?? "en-US");
composer = startComposer(document.getElementById("composer-form"));
store.addEventListener("change", changed);
listen();
startLog();
startTicking();
drawSidebar();
connect((news) => store.apply(news), linked);
