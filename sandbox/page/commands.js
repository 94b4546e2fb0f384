// The registered commands as a flat list of what can be run, and how typed text finds them.

import { localised } from "/page/language.js";
import { store } from "/page/store.js";

const SUB_COMMAND = 1;
const GROUP = 2;
const CHAT_INPUT = 1;
const ADMINISTRATOR = 1n << 3n;

/** All commands the chosen user may see: {name, label, description, options}, in Discord's order. */
function available() {
  return store.application.commands
    .filter((command) => command.type === CHAT_INPUT && allowed(command))
    .flatMap((command) => flatten(command, [], []))
    .sort((a, b) => a.label.localeCompare(b.label));
}

function flatten(part, names, labels) {
  const path = [...names, part.name];
  const shown = [...labels, localised(part, "name")];
  const children = (part.options ?? []).filter((one) => [SUB_COMMAND, GROUP].includes(one.type));
  if (children.length > 0) return children.flatMap((child) => flatten(child, path, shown));
  return [
    {
      name: path.join(" "),
      label: shown.join(" "),
      description: localised(part, "description"),
      options: part.options ?? [],
    },
  ];
}

/** Discord hides a command from those without its default permissions; "0" leaves administrators. */
function allowed(command) {
  const needed = command.default_member_permissions;
  if (needed === null || needed === undefined) return true;
  const held = BigInt(store.user()?.permissions ?? 0);
  if (held & ADMINISTRATOR) return true;
  return BigInt(needed) !== 0n && (held & BigInt(needed)) === BigInt(needed);
}

/** The list above the bar for what stands behind the slash, best first. */
export function suggestions(text) {
  return matching(text).map((command) => ({
    value: command.name,
    label: `/${command.label}`,
    hint: command.options.filter((option) => option.required).map((option) => localised(option, "name")).join(" "),
    detail: command.description,
    command,
  }));
}

function matching(text) {
  const typed = fold(text);
  const score = (command) =>
    Math.min(...[command.name, command.label].map((name) => rank(fold(name), typed)));
  return available()
    .map((command) => ({ command, rank: score(command) }))
    .filter((one) => one.rank < 3)
    .sort((a, b) => a.rank - b.rank)
    .map((one) => one.command);
}

function rank(name, typed) {
  if (name.startsWith(typed)) return 0;
  if (name.split(" ").some((word) => word.startsWith(typed))) return 1;
  return name.includes(typed) ? 2 : 3;
}

const fold = (text) => text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "").trim();

/** A line such as `/watch add url:example.com name:Shop` as {command, values}, or null. */
export function parse(line) {
  const text = line.replace(/^\//, "");
  const found = available()
    .filter((one) => [one.name, one.label].some((name) => `${text} `.toLowerCase().startsWith(`${name} `)))
    .sort((a, b) => b.name.length - a.name.length)[0];
  if (!found) return null;
  const name = [found.name, found.label].find((one) => `${text} `.toLowerCase().startsWith(`${one} `));
  return { command: found, values: valuesIn(text.slice(name.length), found.options) };
}

function valuesIn(text, options) {
  const values = new Map();
  const names = options.flatMap((option) => [[option.name, option], [localised(option, "name"), option]]);
  const marks = [...text.matchAll(/(?:^|\s)([^\s:]+):/g)]
    .map((mark) => ({ mark, option: names.find(([name]) => name === mark[1])?.[1] }))
    .filter((one) => one.option);
  marks.forEach(({ mark, option }, index) => {
    const end = marks[index + 1]?.mark.index ?? text.length;
    values.set(option.name, text.slice(mark.index + mark[0].length, end).trim());
  });
  return values;
}
