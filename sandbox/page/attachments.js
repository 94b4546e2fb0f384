// Files on a message: pictures as pictures, everything else as a card to download.

import { el, localUrl } from "/page/dom.js";
import { icon } from "/page/icons.js";
import { t } from "/page/language.js";

const IMAGE = /^image\/(png|jpeg|gif|webp)/;
const KIB = 1024;

/** The files of a message; those that an embed or a component shows are not among them. */
export const attachments = (message) => message.attachments.map((file) => (isImage(file) ? picture(file) : fileCard(file)));

const isImage = (file) => IMAGE.test(file.content_type);

/** A picture with its alt text; one from elsewhere is only named, because the page loads nothing from outside. */
export function picture(media) {
  const alt = media.description ?? media.filename ?? t("attachment");
  const src = localUrl(media.url);
  if (src === null) return el("span", { class: "picture-away" }, `🖼 ${alt}`);
  const size = media.width && media.height ? { width: media.width, height: media.height } : {};
  const image = el("img", { class: "picture", src, alt, title: media.description, ...size });
  return el("a", { class: "picture-link", href: src, target: "_blank", rel: "noopener" }, image);
}

export function fileCard(file) {
  const name = file.filename ?? t("attachment");
  const href = localUrl(file.url);
  const label = href ? el("a", { href, download: name }, name) : el("span", {}, name);
  return el(
    "div",
    { class: "file-card" },
    icon("file"),
    el("div", { class: "file-text" }, label, el("div", { class: "file-size" }, size(file.size))),
  );
}

function size(bytes) {
  if (!Number.isFinite(bytes)) return "";
  if (bytes < KIB) return `${bytes} B`;
  return bytes < KIB * KIB ? `${(bytes / KIB).toFixed(1)} KiB` : `${(bytes / KIB / KIB).toFixed(1)} MiB`;
}
