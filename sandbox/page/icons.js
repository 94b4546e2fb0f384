// The few line drawings of the page's own frame.

import { svg } from "/page/dom.js";

const PATHS = {
  hash: "M9.5 3L7 21M17 3l-2.5 18M4 8.5h17M3 15.5h17",
  bellOff: "M4 4l16 16M9 5.2A5 5 0 0 1 17 9c0 3 .7 5 2 6.5M7 8.5C7 13 5 14 4.5 17H15M10 20a2 2 0 0 0 4 0",
  menu: "M4 6h16M4 12h16M4 18h16",
  close: "M6 6l12 12M18 6L6 18",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.400M17.6 17.600L19 19M5 19l1.4-1.400M17.6 6.400L19 5",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z",
  eye: "M2 12s3.5-6.5 10-6.5S22 12 22 12s-3.5 6.5-10 6.5S2 12 2 12zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  file: "M6 2h8l5 5v15H6zM14 2v5h5",
  chevron: "M6 9l6 6 6-6",
  external: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
  megaphone: "M3 10v4l12 5V5zM15 9c3 0 5 1 5 3s-2 3-5 3M6 15.5L8 21h3l-1.5-4.2",
  slash: "M15 4L9 20M4 4h16v16H4z",
};

/** A drawing in the colour of the text around it; hidden from screen readers. */
export function icon(name) {
  return svg(
    "svg",
    { viewBox: "0 0 24 24", class: `icon icon-${name}`, "aria-hidden": "true", focusable: "false" },
    svg("path", { d: PATHS[name] }),
  );
}
