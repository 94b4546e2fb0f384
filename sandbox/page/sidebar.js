// The left side: server, channels, the bot's state, who you are and in which language.

import { avatar } from "/page/avatar.js";
import { announce, el } from "/page/dom.js";
import { icon } from "/page/icons.js";
import { locale, t } from "/page/language.js";
import { store } from "/page/store.js";
import { isDark } from "/page/theme.js";

const ANNOUNCEMENT = 5;
const LANGUAGES = { "en-US": "English", fr: "Français" };

const drawn = new Map(); // id of a part -> what it was drawn from

/** Draw what changed. An open list of people or languages must not close because a message came. */
export function drawSidebar() {
  const { guilds, channelId, unread, botOnline, application, userId } = store;
  const everywhere = [locale(), application.name, store.guild()?.name];
  part("side-server", [everywhere], serverName);
  part("side-channels", [everywhere, guilds.map((guild) => [guild.name, guild.channels]), channelId, [...unread]], channels);
  part("side-bot", [everywhere, botOnline], botRow);
  part("side-reader", [everywhere, store.people(), userId], userPanel);
  part("channel-header", [everywhere, store.channel(), botOnline, isDark()], header);
}

function part(id, from, make) {
  const signature = JSON.stringify(from);
  if (drawn.get(id) === signature) return;
  drawn.set(id, signature);
  const focused = document.activeElement?.id;
  document.getElementById(id).replaceChildren(...[make()].flat());
  if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus();
}

function serverName() {
  const close = el("button", iconButton(t("close"), closeMenu, "only-small"), icon("close"));
  return el("div", { class: "server-name" }, el("h1", { dir: "auto" }, store.guild()?.name ?? "…"), close);
}

function iconButton(label, click, more = "") {
  return { type: "button", class: `icon-button ${more}`, "aria-label": label, title: label, on: { click } };
}

function channels() {
  return el("nav", { "aria-label": t("channels") }, store.guilds.map(guildChannels));
}

function guildChannels(guild) {
  const title = store.guilds.length > 1 ? guild.name : t("channels");
  const shown = store.channels().filter((channel) => guild.channels.includes(channel));
  return el("section", {}, el("h2", { dir: "auto" }, title), el("ul", {}, shown.map(channelRow)));
}

function channelRow(channel) {
  const current = channel.id === store.channelId;
  const unread = store.unread.has(channel.id);
  const open = () => {
    store.select({ channelId: channel.id });
    closeMenu();
  };
  const props = {
    type: "button",
    id: `channel-${channel.id}`,
    class: unread ? "channel-row unread" : "channel-row",
    "aria-current": current ? "page" : undefined,
    data: { channel: channel.name },
    on: { click: open },
  };
  const word = unread ? el("span", { class: "sr-only" }, ` (${t("unread")})`) : null;
  return el("li", {}, el("button", props, channelIcon(channel), el("span", { dir: "auto" }, channel.name), word));
}

const channelIcon = (channel) => icon(channel.type === ANNOUNCEMENT ? "megaphone" : "hash");

function botRow() {
  const { id, name } = store.application;
  const state = store.botOnline ? "online" : "offline";
  return el(
    "div",
    { class: `bot-row ${state}`, id: "bot-state", data: { online: String(store.botOnline) } },
    el("span", { class: "avatar-state" }, avatar(id, name, true), el("i", { class: "dot" })),
    el("span", { class: "bot-name" }, name, el("span", { class: "app-badge" }, t("app"))),
    el("span", { class: "bot-word", role: "status" }, t(state)),
  );
}

function userPanel() {
  const user = store.user();
  const people = store.people().map((one) => el("option", { value: one.id, selected: one.id === store.userId }, one.name));
  const languages = Object.entries(LANGUAGES).map(([code, name]) =>
    el("option", { value: code, lang: code, selected: code === locale() }, name),
  );
  const choose = (event) => store.select({ userId: event.target.value });
  const speak = (event) => announce("locale", event.target.value);
  return el(
    "div",
    { class: "user-panel" },
    user ? avatar(user.id, user.name, false) : null,
    el("label", { class: "picker" }, el("span", {}, t("user")), el("select", { id: "user", on: { change: choose } }, people)),
    el("label", { class: "picker" }, el("span", {}, t("language")), el("select", { id: "language", on: { change: speak } }, languages)),
  );
}

function header() {
  const channel = store.channel();
  const dark = isDark();
  return [
    el("button", { "aria-controls": "sidebar", ...iconButton(t("menu"), openMenu, "only-small") }, icon("menu")),
    channel ? channelIcon(channel) : "",
    el("h2", { dir: "auto" }, channel?.name ?? "…"),
    el("span", { class: "spring" }),
    store.botOnline ? "" : el("span", { class: "bot-away" }, `${store.application.name} · ${t("offline")}`),
    el("button", { id: "theme", ...iconButton(t(dark ? "light" : "dark"), () => announce("theme")) }, icon(dark ? "sun" : "moon")),
  ];
}

function openMenu() {
  document.body.classList.add("menu-open");
  document.querySelector("#sidebar .channel-row")?.focus();
}

export function closeMenu() {
  document.body.classList.remove("menu-open");
}
