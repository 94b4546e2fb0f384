// A list to choose from with the keyboard or the mouse; the field that owns it keeps the focus.

import { el } from "/page/dom.js";
import { withEmoji } from "/page/emoji.js";

let counter = 0;

export class Listbox {
  /** `node` goes into the page where its owner wants it; `label` names it for screen readers. */
  constructor(label) {
    counter += 1;
    this.id = `listbox-${counter}`;
    this.node = el("ul", { class: "listbox", id: this.id, role: "listbox", "aria-label": label, hidden: true });
    this.node.addEventListener("mousedown", (event) => event.preventDefault());
    this.items = [];
    this.active = -1;
  }

  get open() {
    return !this.node.hidden;
  }

  /** Items are {value, label, hint?, detail?, emoji?, selected?}; `onPick` gets the chosen one. */
  show(owner, items, onPick, { active = 0, empty = "" } = {}) {
    if (this.owner && this.owner !== owner) this.hide();
    Object.assign(this, { owner, items, onPick });
    const options = items.map((item, index) => this.#option(item, index));
    const note = items.length === 0 && empty ? [el("li", { class: "listbox-empty", role: "presentation" }, empty)] : [];
    this.node.replaceChildren(...options, ...note);
    this.node.hidden = items.length === 0 && !empty;
    owner.setAttribute("aria-expanded", String(this.open));
    owner.setAttribute("aria-controls", this.id);
    this.#activate(items.length > 0 ? active : -1);
  }

  hide() {
    if (!this.owner) return;
    this.node.hidden = true;
    this.items = [];
    this.owner.setAttribute("aria-expanded", "false");
    this.owner.removeAttribute("aria-activedescendant");
    this.owner = null;
    this.active = -1;
  }

  /** Arrows and page keys; true when the key was ours. */
  move(key) {
    const last = this.items.length - 1;
    if (!this.open || last < 0) return false;
    const next = {
      ArrowDown: this.active >= last ? 0 : this.active + 1,
      ArrowUp: this.active <= 0 ? last : this.active - 1,
      PageDown: Math.min(last, this.active + 8),
      PageUp: Math.max(0, this.active - 8),
    }[key];
    if (next === undefined) return false;
    this.#activate(next);
    return true;
  }

  /** Choose the active item; false when there is none. */
  pick() {
    const item = this.open ? this.items[this.active] : undefined;
    if (item === undefined) return false;
    this.onPick(item);
    return true;
  }

  #option(item, index) {
    const choose = () => {
      this.#activate(index);
      this.pick();
    };
    return el(
      "li",
      {
        id: `${this.id}-${index}`,
        role: "option",
        "aria-selected": String(item.selected ?? false),
        data: { value: item.value },
        on: { click: choose, mousemove: () => this.active !== index && this.#activate(index, false) },
      },
      item.emoji,
      el(
        "span",
        { class: "listbox-text" },
        el(
          "span",
          { class: "listbox-label", dir: "auto" },
          withEmoji(item.label),
          item.hint ? el("span", { class: "listbox-hint" }, ` ${item.hint}`) : null,
        ),
        item.detail ? el("span", { class: "listbox-detail" }, withEmoji(item.detail)) : null,
      ),
      item.selected !== undefined ? el("span", { class: "listbox-check", "aria-hidden": "true" }, item.selected ? "✓" : "") : null,
    );
  }

  #activate(index, scroll = true) {
    this.active = index;
    for (const [at, node] of [...this.node.children].entries()) node.classList.toggle("active", at === index);
    const active = index < 0 ? null : this.node.children[index];
    if (active && this.owner) this.owner.setAttribute("aria-activedescendant", active.id);
    else this.owner?.removeAttribute("aria-activedescendant");
    if (active && scroll) active.scrollIntoView({ block: "nearest" });
  }
}
