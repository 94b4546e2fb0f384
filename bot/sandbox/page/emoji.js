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
  "🟠": disc("#f4900c", "#9c5a02"),
  "🟡": disc("#fdcb58", "#b98a16"),
  "🟢": disc("#78b159", "#3f7024"),
  "🔵": disc("#55acee", "#1f6ea8"),
  "⚪": disc("#e6e7e8", "#8d9296"),
  "⚫": disc("#31373d", "#0c0e10"),
  "✅": tile("#77b255", stroke("M9 19l6 6 12-14")),
  "❌": "<path d='M6 6l24 24M30 6L6 30' stroke='#dd2e44' stroke-width='7' stroke-linecap='round'/>",
  "✔": "<path d='M6 19l8 9L30 7' fill='none' stroke='#77b255' stroke-width='6' stroke-linecap='round'/>",
  "✖": "<path d='M7 7l22 22M29 7L7 29' stroke='#dd2e44' stroke-width='6' stroke-linecap='round'/>",
  "⏸": tile("#3b88c3", stroke("M13 10v16M23 10v16")),
  "▶": tile("#3b88c3", "<path d='M12 8l15 10-15 10z' fill='#fff'/>"),
  "◀": tile("#3b88c3", "<path d='M24 8L9 18l15 10z' fill='#fff'/>"),
  "🔄": tile("#3b88c3", stroke("M10 18a8 8 0 0 1 14-5l2 2m0-6v6h-6M26 18a8 8 0 0 1-14 5l-2-2m0 6v-6h6", 3)),
  "⚠": "<path d='M18 2l17 31H1z' fill='#ffcc4d' stroke='#ffcc4d' stroke-width='2' stroke-linejoin='round'/><path d='M18 13v10' stroke='#231f20' stroke-width='4' stroke-linecap='round'/><circle cx='18' cy='28' r='2.4' fill='#231f20'/>",
  "⛔": "<circle cx='18' cy='18' r='17' fill='#dd2e44'/><rect x='7' y='14' width='22' height='8' rx='2' fill='#fff'/>",
  "🔔": BELL,
  "🔕": `${BELL}<path d='M5 5l26 26' stroke='#be1931' stroke-width='4' stroke-linecap='round'/>`,
  "🔇": "<path d='M4 13h6l9-8v26l-9-8H4z' fill='#8899a6'/><path d='M24 13l8 10m0-10l-8 10' stroke='#dd2e44' stroke-width='4' stroke-linecap='round'/>",
  "📜": `${LEAVES}<path d='M12 12h14M12 17h14M12 22h9' stroke='#9a7638' stroke-width='2.4' stroke-linecap='round'/>`,
  "📋": "<rect x='5' y='4' width='26' height='30' rx='3' fill='#c1694f'/><rect x='8' y='8' width='20' height='23' fill='#fff'/><rect x='12' y='2' width='12' height='6' rx='2' fill='#99aab5'/><path d='M12 14h12M12 19h12M12 24h8' stroke='#8899a6' stroke-width='2.4'/>",
  "📈": "<rect width='36' height='36' rx='4' fill='#e1e8ed'/><path d='M6 28l8-9 6 5L31 8' fill='none' stroke='#dd2e44' stroke-width='4' stroke-linecap='round' stroke-linejoin='round'/>",
  "📣": "<path d='M4 15l22-10v24L4 21z' fill='#dd2e44'/><path d='M9 23l4 9h5l-3-8z' fill='#8899a6'/><path d='M29 11c5 3 5 9 0 12z' fill='#ffcc4d'/>",
  "🔧": "<path d='M31 9l-6 3-3-3 3-6c-6-2-11 4-9 9L4 24a5 5 0 0 0 8 8l12-12c5 2 11-3 7-11z' fill='#8899a6'/>",
  "🕒": "<circle cx='18' cy='18' r='17' fill='#e6e7e8'/><path d='M18 8v10h8' fill='none' stroke='#31373d' stroke-width='3.4' stroke-linecap='round'/>",
  "👀": "<ellipse cx='10' cy='18' rx='9' ry='14' fill='#f5f8fa'/><ellipse cx='26' cy='18' rx='9' ry='14' fill='#f5f8fa'/><circle cx='7' cy='20' r='5' fill='#292f33'/><circle cx='23' cy='20' r='5' fill='#292f33'/>",
  "👋": "<path d='M8 18l4-9 3 1 3-7 4 1 2 8 4-4 3 2-3 12c-2 8-14 12-20 3z' fill='#ffdb5e'/>",
  "🎉": "<path d='M3 33l9-24 15 15z' fill='#ffac33'/><circle cx='26' cy='8' r='3' fill='#dd2e44'/><circle cx='31' cy='17' r='2.4' fill='#77b255'/><circle cx='18' cy='4' r='2.4' fill='#55acee'/>",
};
DRAWN["🛠"] = DRAWN["🔧"];
DRAWN["📊"] = DRAWN["📈"];
DRAWN["⏰"] = DRAWN["⏱"] = DRAWN["⏳"] = DRAWN["🕒"];

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
