// Faces: Vigie's mark (a sailor with a spyglass in the crow's nest) and plain initials for people.

import { el, svg } from "/page/dom.js";

const PEOPLE = ["#5865f2", "#3ba55c", "#c27c0e", "#e0457b", "#7a5af5", "#2a8fbd"];

export function avatar(id, name, isBot) {
  return isBot ? el("span", { class: "avatar", "aria-hidden": "true" }, mark()) : initials(id, name);
}

function initials(id, name) {
  const node = el("span", { class: "avatar initials", "aria-hidden": "true" }, [...name][0]?.toUpperCase() ?? "?");
  node.style.backgroundColor = PEOPLE[Number(BigInt(id || 0) % BigInt(PEOPLE.length))];
  return node;
}

/** The mark: night sky, mast, pennant, nest, and somebody who looks. */
export function mark() {
  return svg(
    "svg",
    { viewBox: "0 0 40 40", class: "mark", focusable: "false" },
    svg("rect", { width: 40, height: 40, fill: "#12303f" }),
    svg("path", { d: "M0 31c5-3 9-3 14 0s9 3 14 0 8-3 12-1v10H0z", fill: "#1d5468" }),
    svg("path", { d: "M18.6 5h2.8v35h-2.8z", fill: "#b98b57" }),
    svg("path", { d: "M21.4 5.4l9 2.6-9 3z", fill: "#f0b232" }),
    svg("circle", { cx: 17, cy: 17, r: 3.6, fill: "#f6d6b5" }),
    svg("path", { d: "M13 16.2c.4-3.4 7-4 8-.6z", fill: "#e9edf0" }),
    svg("path", { d: "M12.4 25c0-3.4 2-5 4.6-5s4.6 1.6 4.6 5z", fill: "#d5453f" }),
    svg("path", { d: "M20.2 16.2l6-2.2 1 2.8-6 1.6z", fill: "#f0b232" }),
    svg("path", { d: "M26.2 13.4l5.6-2.2 1.7 4.6-5.9 1.6z", fill: "#ffd36b" }),
    svg("path", { d: "M9 23.4h22l-2.6 8.4H11.6z", fill: "#8a5a2f" }),
    svg("path", { d: "M8.2 22.2h23.6v2.6H8.2zM10.6 28h18.8v1.8H11.2z", fill: "#b98b57" }),
  );
}
