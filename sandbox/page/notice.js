// Lines that no message stands for: a command on its way, a late answer, no answer at all.

import { avatar } from "/page/avatar.js";
import { el } from "/page/dom.js";
import { t } from "/page/language.js";
import { privateLine, thinking } from "/page/message.js";
import { store } from "/page/store.js";

export function noticeItem({ notice }) {
  const { id, name } = store.application;
  const failed = notice.kind === "failed";
  return el(
    "li",
    { class: "notice", data: { notice: notice.kind } },
    avatar(id, name, true),
    el(
      "div",
      { class: "message-main" },
      el(
        "div",
        { class: "message-header" },
        el("span", { class: "author bot" }, name),
        el("span", { class: "app-badge" }, t("app")),
        el("span", { class: "used-command" }, `/${notice.command}`),
      ),
      failed
        ? el("div", { class: "failure", role: "alert" }, `⚠ ${t("no_answer")}`)
        : thinking(notice.kind === "sending" ? t("sending") : undefined),
      failed && privateLine(() => store.notice(notice.key, null)),
    ),
  );
}
