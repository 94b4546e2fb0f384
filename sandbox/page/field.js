// One option of the command in the composer: a labelled input that knows its type.

import { isStrict, named, offered } from "/page/choices.js";
import { el } from "/page/dom.js";
import { icon } from "/page/icons.js";
import { localised, t } from "/page/language.js";

const INTEGER = 4;
const NUMBER = 10;
const FILE = 11;
const PAUSE_MS = 150;

/** `host` is the composer: {command, list, valuesExcept(field), showHelp(option), next(from), open(name), drop(field), complain(text)}. */
export class Field {
  constructor(option, host) {
    this.option = option;
    this.host = host;
    this.label = localised(option, "name");
    this.chosen = null; // {value, label} taken from the list
    this.input = this.isFile ? this.#fileInput() : this.#textInput();
    const drop = () => host.drop(this);
    const remove = { type: "button", class: "field-remove", "aria-label": t("remove", { name: this.label }), on: { click: drop } };
    this.node = el(
      "label",
      { class: "field", title: localised(option, "description") },
      el("span", { class: "field-name" }, this.label, option.required ? null : el("button", remove, icon("close"))),
      this.input,
    );
  }

  get isFile() {
    return this.option.type === FILE;
  }

  /** What the bot may see of it while another option is still being typed. */
  get rough() {
    const text = this.input.value.trim();
    if (this.chosen) return this.chosen.value;
    if (isStrict(this.option)) return named(this.option, text)?.value;
    return [INTEGER, NUMBER].includes(this.option.type) ? Number(text) || undefined : text;
  }

  get isEmpty() {
    return this.isFile ? this.input.files.length === 0 : this.input.value.trim() === "";
  }

  #fileInput() {
    const focus = () => this.host.showHelp(this.option);
    return el("input", { type: "file", "aria-label": t("file"), data: { option: this.option.name }, on: { focus } });
  }

  #textInput() {
    const hasList = isStrict(this.option) || this.option.autocomplete;
    const number = [INTEGER, NUMBER].includes(this.option.type);
    const input = el("input", {
      type: "text",
      size: 6,
      autocomplete: "off",
      spellcheck: "false",
      maxlength: this.option.max_length,
      inputmode: number ? "decimal" : undefined,
      required: this.option.required,
      "aria-label": this.label,
      data: { option: this.option.name },
      ...(hasList ? { role: "combobox", "aria-expanded": "false", "aria-autocomplete": "list" } : {}),
      on: {
        focus: () => {
          this.host.showHelp(this.option);
          if (hasList) this.#offer(0);
        },
        blur: () => this.host.list.owner === this.input && this.host.list.hide(),
        input: () => {
          this.chosen = null;
          this.#unname();
          this.#goOn();
          this.#fit();
          this.node.classList.remove("wrong");
          this.host.complain(null);
          if (hasList) this.#offer(this.option.autocomplete ? PAUSE_MS : 0);
        },
      },
    });
    return input;
  }

  /** Who types a whole line types the name as well: `/watch add url:example.com`. */
  #unname() {
    const names = [this.option.name, ...Object.values(this.option.name_localizations ?? {})];
    const text = this.input.value.trimStart();
    const own = names.find((name) => text.toLowerCase().startsWith(`${name}:`));
    if (own) this.input.value = text.slice(own.length + 1);
  }

  /** ` name:` behind a value begins another option, as it does in a whole line. */
  #goOn() {
    const [, value, name] = /^(.*)\s(\S+):$/.exec(this.input.value) ?? [];
    if (name && this.host.open(name)) this.set(value.trim());
  }

  /** Ask for what fits the text; an answer to older text is thrown away. */
  #offer(pause) {
    clearTimeout(this.timer);
    const text = this.input.value;
    this.timer = setTimeout(async () => {
      const items = await offered(this.host.command, this.option, this.chosen ? "" : text, this.host.valuesExcept(this));
      if (document.activeElement !== this.input || this.input.value !== text) return;
      const marked = items.findIndex((item) => item.value === this.chosen?.value);
      const active = isStrict(this.option) || text !== "" ? Math.max(marked, 0) : -1;
      this.host.list.show(this.input, items, (item) => this.#take(item), { active, empty: t("no_match") });
    }, pause);
  }

  #take(item) {
    this.set(item.label);
    this.chosen = item;
    this.host.list.hide();
    this.host.next(this);
  }

  set(text) {
    this.input.value = text;
    this.chosen = null;
    this.#fit();
  }

  #fit() {
    this.input.size = Math.min(Math.max(this.input.value.length + 1, 6), 42);
  }

  /** The value to send; throws an Error with the reason in words when there is none. */
  async value() {
    const { option } = this;
    if (this.isFile) return readFile(this.input.files[0]);
    const text = this.input.value.trim();
    if (this.chosen) return this.chosen.value;
    if (isStrict(option)) {
      const choice = named(option, text);
      if (!choice) throw new Error(`${this.label}: ${t("pick_one")}`);
      return choice.value;
    }
    return [INTEGER, NUMBER].includes(option.type) ? this.#number(text) : text;
  }

  #number(text) {
    const { type, min_value: low, max_value: high } = this.option;
    const value = Number(text);
    if (!Number.isFinite(value) || (type === INTEGER && !Number.isInteger(value))) {
      throw new Error(`${this.label}: ${t("whole")}`);
    }
    if (value < (low ?? -Infinity) || value > (high ?? Infinity)) {
      throw new Error(`${this.label}: ${t("between", { low: low ?? "−∞", high: high ?? "∞" })}`);
    }
    return value;
  }
}

/** A chosen file as the control API takes it. */
async function readFile(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let binary = "";
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return { filename: file.name, content_type: file.type || "application/octet-stream", data_base64: btoa(binary) };
}
