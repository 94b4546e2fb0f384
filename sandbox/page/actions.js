// What a reader can do: write, run a command, press a component, submit a modal, ask the bot for choices.

import { announce } from "/page/dom.js";
import { locale, t } from "/page/language.js";
import { store } from "/page/store.js";

let counter = 0;

async function post(path, body) {
  const response = await fetch(`/sandbox/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ user_id: store.userId, locale: locale(), ...body }),
  }).catch(() => null);
  if (response === null) throw new Error(t("unreachable"));
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error ?? `HTTP ${response.status}`);
  return answer;
}

/** Write a plain message as the chosen user. */
export async function say(content) {
  await post("messages", { channel_id: store.channelId, content });
}

/** Turn one of the demo's switches. */
export const turn = (name, on) => post("panel", { switch: name, on });

/** Run a command; rejects with the sandbox's own words when it refuses. */
export async function runCommand(name, options) {
  const key = `local-${(counter += 1)}`;
  const place = { channelId: store.channelId, userId: store.userId, command: name };
  store.notice(key, { ...place, kind: "sending" });
  try {
    const answer = await post("interactions/command", { channel_id: place.channelId, name, options });
    store.notice(key, null);
    settle(answer, place);
  } catch (error) {
    store.notice(key, null);
    throw error;
  }
}

/** Show what no message shows: an answer that is still to come, or that never came. */
function settle(answer, place) {
  const id = answer.interaction_id;
  if (answer.status === "failed") store.notice(id, { ...place, kind: "failed" });
  if (answer.status === "deferred" && !answered(id)) store.notice(id, { ...place, kind: "thinking" });
}

const answered = (interactionId) =>
  [...store.ephemeral.values()].some((entry) => entry.interaction_id === interactionId) ||
  [...(store.messages.get(store.channelId)?.values() ?? [])].some(
    (message) => message.interaction_metadata?.id === interactionId,
  );

/** Press a button or choose in a select. */
export async function press(messageId, customId, values) {
  store.fail(messageId, false);
  try {
    const answer = await post("interactions/component", { message_id: messageId, custom_id: customId, values });
    if (answer.status === "failed") store.fail(messageId, true);
  } catch (error) {
    store.fail(messageId, true);
    announce("error", error.message);
  }
}

/** Send a filled modal; rejects when it was refused or nobody answered. */
export async function submitModal(interactionId, values) {
  const answer = await post("interactions/modal", { interaction_id: interactionId, values });
  if (answer.status === "failed") throw new Error(t("failed"));
}

/** The bot's choices for what is being typed; an empty list when it has none in time. */
export async function autocomplete(name, options, focused, value) {
  const body = { channel_id: store.channelId, name, options, focused, value };
  const answer = await post("interactions/autocomplete", body).catch(() => ({ choices: [] }));
  return answer.choices ?? [];
}
