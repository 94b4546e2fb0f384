// Select menus: of own options, of people, roles or channels; in messages and in modals.

import { channels, people, roles } from "/page/choices.js";
import { el } from "/page/dom.js";
import { componentEmoji, withEmoji } from "/page/emoji.js";
import { icon } from "/page/icons.js";
import { t } from "/page/language.js";
import { Listbox } from "/page/listbox.js";

/** The options of any select, as {value, label, detail, emoji}. */
function optionsOf(part) {
  const own = (part.options ?? []).map((option) => ({
    value: option.value,
    label: option.label,
    detail: option.description,
    emoji: componentEmoji(option.emoji),
  }));
  return { 3: own, 5: people(), 6: roles(), 7: [...people(), ...roles()], 8: channels(part.channel_types) }[part.type];
}

/** The values that are chosen before anybody touches the menu. */
export function chosenAtFirst(part) {
  const marked = (part.options ?? []).filter((option) => option.default).map((option) => option.value);
  return [...marked, ...(part.default_values ?? []).map((one) => one.id)];
}

/** A select menu. `onChoose` gets the values when the choice is made. */
export function select(part, onChoose) {
  const list = new Listbox(part.placeholder ?? t("pick"));
  const options = optionsOf(part);
  const chosen = new Set(chosenAtFirst(part));
  const many = (part.max_values ?? 1) > 1;
  const text = el("span", { class: "select-text", dir: "auto" });
  const owner = el(
    "button",
    {
      type: "button",
      class: "select",
      role: "combobox",
      "aria-haspopup": "listbox",
      "aria-expanded": "false",
      "aria-label": part.placeholder,
      disabled: Boolean(part.disabled),
      data: { customId: part.custom_id },
    },
    text,
    icon("chevron"),
  );

  const describe = () => {
    const labels = options.filter((option) => chosen.has(option.value)).map((option) => option.label);
    text.replaceChildren(...withEmoji(labels.join(", ") || part.placeholder || t("pick")));
    text.classList.toggle("empty", labels.length === 0);
  };
  const close = (send) => {
    if (!list.open) return;
    list.hide();
    if (send) onChoose([...chosen]);
  };
  const pick = (option) => {
    if (!many) chosen.clear();
    if (!chosen.delete(option.value) && chosen.size < (part.max_values ?? 1)) chosen.add(option.value);
    describe();
    if (many) open(list.active);
    else close(true);
  };
  const open = (active = 0) => {
    list.show(owner, options.map((option) => ({ ...option, selected: chosen.has(option.value) })), pick, {
      active,
      empty: t("no_match"),
    });
    const edge = owner.closest("#scroller")?.getBoundingClientRect().bottom ?? Infinity;
    list.node.classList.toggle("up", owner.getBoundingClientRect().bottom + list.node.offsetHeight > edge);
  };
  const enough = () => chosen.size >= (part.min_values ?? 1);

  owner.addEventListener("click", () => (list.open ? close(many && enough()) : open()));
  owner.addEventListener("blur", () => close(many && enough()));
  owner.addEventListener("keydown", (event) => {
    if (!list.open && ["ArrowDown", "ArrowUp"].includes(event.key)) open();
    else if (list.open && event.key === "Escape") close(false);
    else if (list.open && event.key === "Tab") return;
    else if (list.open && (event.key === "Enter" || event.key === " ")) list.pick();
    else if (!list.move(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  });
  describe();
  return el("div", { class: "select-wrap" }, owner, list.node);
}
