// Emoji drawn by the page, so that they look the same on machines without an emoji font.
// The character itself stays in the text: copying, searching and screen readers keep working.

import { el } from "/page/dom.js";

const disc = (fill, rim) => `<circle cx='18' cy='18' r='17' fill='${fill}'/><circle cx='18' cy='18' r='16' fill='none' stroke='${rim}' stroke-width='2' opacity='.35'/>`;
const tile = (fill, mark) => `<rect width='36' height='36' rx='5' fill='${fill}'/>${mark}`;
const stroke = (path, width = 5) => `<path d='${path}' fill='none' stroke='#fff' stroke-width='${width}' stroke-linecap='round' stroke-linejoin='round'/>`;
const BELL = "<path d='M18 3c-6 0-9 4-9 10 0 8-4 9-4 13h26c0-4-4-5-4-13 0-6-3-10-9-10z' fill='#ffac33'/><circle cx='18' cy='29' r='4' fill='#ffac33'/><rect x='16' y='1' width='4' height='5' rx='2' fill='#ffac33'/>";
const LEAVES = "<path d='M7 4h20a4 4 0 0 1 4 4v20a4 4 0 0 1-4 4H11a4 4 0 0 1-4-4z' fill='#f3d9a4'/><path d='M11 32h18a4 4 0 0 0 4-4v-1H15v1a4 4 0 0 1-4 4z' fill='#c79b57'/><path d='M7 4a3 3 0 0 0-3 3v3h6V7a3 3 0 0 0-3-3z' fill='#c79b57'/>";

const DRAWN = {
  "🔴": disc("#dd2e44", "#8f1425"),
  "🟡": disc("#fdcb58", "#b98a16"),
  "🟢": disc("#78b159", "#3f7024"),
  "⚪": disc("#e6e7e8", "#8d9296"),
  "✔": "<path d='M6 19l8 9L30 7' fill='none' stroke='#77b255' stroke-width='6' stroke-linecap='round'/>",
  "✖": "<path d='M7 7l22 22M29 7L7 29' stroke='#dd2e44' stroke-width='6' stroke-linecap='round'/>",
  "⏸": tile("#3b88c3", stroke("M13 10v16M23 10v16")),
  "▶": tile("#3b88c3", "<path d='M12 8l15 10-15 10z' fill='#fff'/>"),
  "◀": tile("#3b88c3", "<path d='M24 8L9 18l15 10z' fill='#fff'/>"),
  "⚠": "<path d='M18 2l17 31H1z' fill='#ffcc4d' stroke='#ffcc4d' stroke-width='2' stroke-linejoin='round'/><path d='M18 13v10' stroke='#231f20' stroke-width='4' stroke-linecap='round'/><circle cx='18' cy='28' r='2.4' fill='#231f20'/>",
  "🔔": BELL,
  "🔕": `${BELL}<path d='M5 5l26 26' stroke='#be1931' stroke-width='4' stroke-linecap='round'/>`,
  "📜": `${LEAVES}<path d='M12 12h14M12 17h14M12 22h9' stroke='#9a7638' stroke-width='2.4' stroke-linecap='round'/>`,
  "📋": "<rect x='5' y='4' width='26' height='30' rx='3' fill='#c1694f'/><rect x='8' y='8' width='20' height='23' fill='#fff'/><rect x='12' y='2' width='12' height='6' rx='2' fill='#99aab5'/><path d='M12 14h12M12 19h12M12 24h8' stroke='#8899a6' stroke-width='2.4'/>",
};

const RUN = /(\p{Extended_Pictographic}(?:\uFE0F|\p{Emoji_Modifier})?(?:\u200D\p{Extended_Pictographic}\uFE0F?)*|[◀▶✔✖]\uFE0F?)/u;
const PLAIN = /^[©®™↔↕▪▫◼◻]/u;

/** The nodes of a plain text: words as they are, emoji as small drawings. */
export function withEmoji(text) {
  return String(text)
    .split(RUN)
    .filter((part) => part !== "")
    .map((part) => (RUN.test(part) && !PLAIN.test(part) ? emoji(part) : part));
}

function emoji(character) {
  const drawing = DRAWN[character.replace("\uFE0F", "")];
  const node = el("span", { class: drawing ? "emoji drawn" : "emoji" }, character);
  if (drawing) {
    const picture = `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 36 36'>${drawing}</svg>`;
    node.style.backgroundImage = `url("data:image/svg+xml,${encodeURIComponent(picture)}")`;
  }
  return node;
}

/** The emoji of a button or a select option: Unicode drawn, a server's own one by its name. */
export function componentEmoji(given) {
  if (!given) return null;
  return el("span", { class: "component-emoji" }, given.id ? `:${given.name}:` : withEmoji(given.name));
}
