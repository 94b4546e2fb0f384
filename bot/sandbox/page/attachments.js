// Files on a message: pictures as pictures, everything else as a card to download.

import { el, localUrl } from "/page/dom.js";
import { icon } from "/page/icons.js";
import { t } from "/page/language.js";

const IMAGE = /^image\/(png|jpeg|gif|webp)/;
const IMAGE_NAME = /\.(png|jpe?g|gif|webp)$/i;
const KIB = 1024;

/** The files that no embed, gallery or file component already shows. */
export function attachments(message) {
  const used = usedUrls(message);
  const free = (message.attachments ?? []).filter(
    (file) => !used.has(file.url) && !used.has(`attachment://${file.filename}`),
  );
  return free.map((file) => (isImage(file) ? picture(file) : fileCard(file)));
}

function usedUrls(message) {
  const found = new Set();
  for (const embed of message.embeds ?? []) {
    for (const key of ["image", "thumbnail"]) if (embed[key]) found.add(embed[key].url);
  }
  const walk = (part) => {
    for (const media of [part.media, part.file, ...(part.items ?? []).map((item) => item.media)]) {
      if (media) found.add(media.url);
    }
    for (const child of [...(part.components ?? []), part.accessory]) if (child) walk(child);
  };
  for (const component of message.components ?? []) walk(component);
  return found;
}

const isImage = (file) => IMAGE.test(file.content_type ?? "") || IMAGE_NAME.test(file.filename ?? "");

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
  const name = file.filename ?? file.name ?? t("attachment");
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
