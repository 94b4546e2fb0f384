// The bar at the bottom: find a command by typing, fill its options, run it with Enter.

import { runCommand, say } from "/page/actions.js";
import { buildBar } from "/page/bar.js";
import { parse, suggestions } from "/page/commands.js";
import { el } from "/page/dom.js";
import { Field } from "/page/field.js";
import { localised, t } from "/page/language.js";
import { Listbox } from "/page/listbox.js";
import { store } from "/page/store.js";

class Composer {
  command = null;
  fields = [];
  list = new Listbox("Commands");

  constructor(form) {
    Object.assign(this, buildBar(form, this.list.node));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.run();
    });
    form.addEventListener("keydown", (event) => this.#key(event));
    this.input.addEventListener("focus", () => this.#typed());
    this.input.addEventListener("blur", () => this.list.owner === this.input && this.list.hide());
    this.input.addEventListener("input", () => {
      this.complain(null);
      this.#typed();
    });
    this.redraw();
  }

  /** Take over a change of channel or language. */
  redraw() {
    const name = store.channel()?.name ?? "";
    this.input.placeholder = this.command ? t(this.#optional().length ? "option_add" : "press_enter") : t("placeholder", { name });
    this.input.setAttribute("aria-label", this.input.placeholder);
    this.list.node.setAttribute("aria-label", t("commands"));
    this.send.textContent = t("run");
    this.send.hidden = !this.command;
    this.chip.hidden = !this.command;
    this.chip.textContent = this.command ? `/${this.command.label}` : "";
  }

  /** Offer again what changed under the reader's fingers. */
  refresh() {
    if (document.activeElement === this.input) this.#typed();
  }

  /** Put a command into the bar, with option texts by name where they are known already. */
  choose(command, values = new Map()) {
    this.command = command;
    const open = command.options.filter((option) => option.required || values.has(option.name));
    this.fields = open.map((option) => new Field(option, this));
    for (const field of this.fields) if (!field.isFile) field.set(values.get(field.option.name) ?? "");
    this.parts.replaceChildren(...this.fields.map((field) => field.node));
    this.input.value = "";
    this.list.hide();
    this.complain(null);
    this.redraw();
    this.next(null);
  }

  /** From outside: a clicked command mention. */
  prefill(name) {
    const found = parse(`/${name}`);
    if (found) return this.choose(found.command, found.values);
    this.clear();
    this.input.value = `/${name}`;
    this.input.focus();
    return this.#typed();
  }

  clear() {
    this.command = null;
    this.fields = [];
    this.parts.replaceChildren();
    this.input.value = "";
    this.help.hidden = true;
    this.list.hide();
    this.redraw();
  }

  /** Go on to the first empty required option, else to the end of the bar. */
  next(from) {
    const empty = this.fields.find((field) => field !== from && field.isEmpty && field.option.required);
    const target = empty?.input ?? this.input;
    if (document.activeElement === target) this.#typed();
    target.focus();
  }

  drop(field) {
    this.fields = this.fields.filter((one) => one !== field);
    field.node.remove();
    this.redraw();
    this.input.focus();
  }

  showHelp(option) {
    this.help.hidden = false;
    const name = option ? localised(option, "name") : `/${this.command.label}`;
    const text = option ? localised(option, "description") : this.command.description;
    this.help.replaceChildren(el("b", {}, name), " ", text);
  }

  complain(text) {
    this.error.hidden = !text;
    this.error.textContent = text ?? "";
  }

  valuesExcept(skipped) {
    const given = this.fields.filter((field) => field !== skipped && !field.isEmpty && !field.isFile);
    return Object.fromEntries(given.map((field) => [field.option.name, field.rough]));
  }

  async run() {
    if (!this.command && !this.#fromLine()) return;
    const { command } = this;
    const kept = new Map(this.fields.filter((one) => !one.isFile).map((one) => [one.option.name, one.input.value]));
    this.complain(null);
    try {
      const options = await this.#values();
      this.clear();
      this.input.focus();
      await runCommand(command.name, options);
    } catch (error) {
      if (!this.command) this.choose(command, kept);
      this.complain(error.message);
    }
  }

  /** A whole line typed or pasted: `/watch add url:example.com`. False when it is no command. */
  #fromLine() {
    const line = this.input.value.trim();
    if (line === "") return false;
    if (!line.startsWith("/")) {
      this.#say(line);
      return false;
    }
    const found = parse(line);
    if (!found) {
      this.complain(t("unknown_command"));
      return false;
    }
    this.choose(found.command, found.values);
    return !this.fields.some((field) => field.isEmpty && field.option.required);
  }

  #say(line) {
    this.clear();
    say(line).catch((error) => this.complain(error.message));
  }

  async #values() {
    const values = {};
    for (const field of this.fields) {
      try {
        if (field.isEmpty && field.option.required) throw new Error(`${field.label}: ${t("required")}`);
        if (!field.isEmpty) values[field.option.name] = await field.value();
      } catch (error) {
        field.node.classList.add("wrong");
        field.input.focus();
        throw error;
      }
    }
    return values;
  }

  #optional() {
    const taken = new Set(this.fields.map((field) => field.option.name));
    return this.command.options.filter((option) => !taken.has(option.name));
  }

  /** Go to the empty field of an option, which may have to be added; false when there is none. */
  open(name) {
    const means = (option) => [option.name, localised(option, "name")].includes(name);
    const option = this.#optional().find(means);
    const field = option ? this.#add(option) : this.fields.find((one) => one.isEmpty && means(one.option));
    field?.input.focus();
    return Boolean(field);
  }

  #add(option) {
    const field = new Field(option, this);
    this.fields.push(field);
    this.parts.append(field.node);
    this.input.value = "";
    this.list.hide();
    this.redraw();
    return field;
  }

  #typed() {
    if (this.command) return this.#offerOptions();
    this.help.hidden = true;
    const text = this.input.value;
    if (!text.startsWith("/")) return this.list.hide();
    const found = /\s/.test(text) ? parse(text) : null;
    if (found) return this.choose(found.command, found.values);
    const items = suggestions(text.slice(1));
    const empty = t(store.application.commands.length ? "unknown_command" : "no_commands");
    return this.list.show(this.input, items, (item) => this.choose(item.command), { empty });
  }

  /** The optional options that fit; none is marked until something is typed, so that Enter runs. */
  #offerOptions() {
    this.showHelp(null);
    const typed = this.input.value.trim().toLowerCase().replace(/:$/, "");
    const items = this.#optional()
      .map((option) => ({ value: option.name, label: localised(option, "name"), detail: localised(option, "description"), option }))
      .filter((item) => item.label.toLowerCase().startsWith(typed) || item.value.startsWith(typed));
    const add = (item) => this.#add(item.option).input.focus();
    if (typed !== "" && this.input.value.endsWith(":") && items[0]) return add(items[0]);
    return this.list.show(this.input, items, add, { active: typed === "" ? -1 : 0 });
  }

  #key(event) {
    const { key, target } = event;
    const handled =
      (this.list.owner === target && this.list.move(key)) ||
      (["Enter", "Tab"].includes(key) && !event.shiftKey && this.list.owner === target && this.list.pick()) ||
      (key === "Escape" && this.#escape()) ||
      (key === "Backspace" && target.value === "" && this.#back(target));
    if (handled) event.preventDefault();
  }

  #escape() {
    if (this.list.open && !this.command) this.list.hide();
    else this.clear();
    this.input.focus();
    return true;
  }

  /** Backspace in an empty input takes away the optional field before it, at last the command. */
  #back(target) {
    if (!this.command) return false;
    const own = this.fields.find((field) => field.input === target);
    const before = this.fields[(own ? this.fields.indexOf(own) : this.fields.length) - 1];
    if (own && !own.option.required) this.drop(own);
    else if (before) before.input.focus();
    else this.clear();
    return true;
  }
}

export const startComposer = (form) => new Composer(form);
