// The parts of the composer, before anything happens in them.

import { el } from "/page/dom.js";
import { icon } from "/page/icons.js";

/** Fill the form and name its parts; `above` is the list that opens over the bar. */
export function buildBar(form, above) {
  const parts = {
    help: el("div", { class: "composer-help", hidden: true }),
    error: el("p", { id: "composer-error", class: "composer-error", role: "alert", hidden: true }),
    chip: el("span", { class: "command-chip", hidden: true }),
    parts: el("span", { class: "fields" }),
    input: el("input", {
      id: "composer",
      type: "text",
      role: "combobox",
      autocomplete: "off",
      spellcheck: "false",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-describedby": "composer-error",
    }),
    send: el("button", { type: "submit", class: "run" }),
  };
  const bar = el("div", { class: "composer-bar" }, icon("slash"), parts.chip, parts.parts, parts.input, parts.send);
  bar.addEventListener("click", (event) => event.target === bar && parts.input.focus());
  form.replaceChildren(el("div", { class: "composer-above" }, above, parts.help), bar, parts.error);
  return parts;
}
