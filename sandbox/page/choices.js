// What the list above an option field offers, by the option's type.

import { autocomplete } from "/page/actions.js";
import { localised, t } from "/page/language.js";
import { store } from "/page/store.js";

const TYPE = { STRING: 3, INTEGER: 4, BOOLEAN: 5, USER: 6, CHANNEL: 7, ROLE: 8, MENTIONABLE: 9 };
const AT_MOST = 25;

/** Whether the value must come from the list. Autocomplete only advises. */
export const isStrict = (option) =>
  Boolean(option.choices?.length) ||
  [TYPE.BOOLEAN, TYPE.USER, TYPE.CHANNEL, TYPE.ROLE, TYPE.MENTIONABLE].includes(option.type);

/** The people, roles and channels of the server, as {value, label}. */
export const people = () => store.people().map((user) => ({ value: user.id, label: `@${user.name}` }));
export const roles = () => (store.guild()?.roles ?? []).map((role) => ({ value: role.id, label: `@${role.name.replace(/^@/, "")}` }));
export const channels = (kinds) =>
  (store.guild()?.channels ?? [])
    .filter((channel) => !kinds?.length || kinds.includes(channel.type))
    .map((channel) => ({ value: channel.id, label: `#${channel.name}` }));

/** The fixed list of an option; null when it has none. */
function fixedChoices(option) {
  if (option.choices?.length) {
    return option.choices.map((choice) => ({ value: choice.value, label: localised(choice, "name") }));
  }
  const make = {
    [TYPE.BOOLEAN]: () => [{ value: true, label: t("yes") }, { value: false, label: t("no") }],
    [TYPE.USER]: people,
    [TYPE.ROLE]: roles,
    [TYPE.MENTIONABLE]: () => [...people(), ...roles()],
    [TYPE.CHANNEL]: () => channels(option.channel_types),
  }[option.type];
  return make ? make() : null;
}

/** What to offer for the text typed so far; `others` are the option values already given. */
export async function offered(command, option, text, others) {
  if (option.autocomplete) {
    const choices = await autocomplete(command.name, others, option.name, text);
    return choices.map((choice) => ({ value: choice.value, label: localised(choice, "name") }));
  }
  const typed = text.toLowerCase().replace(/^[@#]/, "");
  const all = fixedChoices(option) ?? [];
  return all.filter((choice) => choice.label.toLowerCase().includes(typed)).slice(0, AT_MOST);
}

/** The choice a typed text names exactly, whatever its case. */
export function named(option, text) {
  const plain = (label) => label.toLowerCase().replace(/^[@#]/, "");
  const all = fixedChoices(option) ?? [];
  return all.find((choice) => plain(choice.label) === plain(text) || String(choice.value) === text) ??
    (option.type === TYPE.BOOLEAN ? { true: all[0], false: all[1] }[text.toLowerCase()] : undefined);
}
