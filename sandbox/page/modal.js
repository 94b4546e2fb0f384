// A modal of the bot as a dialog: text inputs, labels around inputs and selects, plain text.

import { submitModal } from "/page/actions.js";
import { el } from "/page/dom.js";
import { withEmoji } from "/page/emoji.js";
import { t } from "/page/language.js";
import { markdown } from "/page/markdown.js";
import { chosenAtFirst, select } from "/page/select.js";

const ROW = 1;
const TEXT_INPUT = 4;
const TEXT = 10;
const LABEL = 18;
const PARAGRAPH = 2;

/** Open the dialog; it closes itself once the bot has taken the answer. */
export function openModal({ interaction_id: interactionId, modal }) {
  const values = {};
  const error = el("p", { class: "composer-error", role: "alert", hidden: true });
  const dialog = el("dialog", { class: "modal", "aria-labelledby": `modal-${interactionId}` });
  const close = () => dialog.close();
  const submit = async (event) => {
    event.preventDefault();
    try {
      await submitModal(interactionId, values);
      close();
    } catch (refused) {
      error.hidden = false;
      error.textContent = refused.message;
    }
  };
  dialog.append(
    el(
      "form",
      { method: "dialog", on: { submit } },
      el("h2", { id: `modal-${interactionId}` }, withEmoji(modal.title)),
      modal.components.map((component) => part(component, values)),
      error,
      el(
        "div",
        { class: "modal-buttons" },
        el("button", { type: "button", class: "text-button", on: { click: close } }, t("cancel")),
        el("button", { type: "submit", class: "button primary" }, t("submit")),
      ),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  dialog.querySelector("input, textarea, .select")?.focus();
}

function part(component, values) {
  if (component.type === ROW) return component.components.map((child) => labelled(child.label, "", child, values));
  if (component.type === LABEL) return labelled(component.label, component.description, component.component, values);
  return component.type === TEXT ? el("div", { class: "markdown" }, markdown(component.content, { quiet: true })) : null;
}

function labelled(label, description, given, values) {
  const required = given.required ?? true;
  return el(
    "label",
    { class: "modal-field" },
    el("span", { class: "modal-label" }, withEmoji(label ?? ""), required ? el("span", { class: "star", "aria-hidden": "true" }, " *") : null),
    description ? el("span", { class: "modal-description" }, description) : null,
    given.type === TEXT_INPUT ? textInput(given, values, required) : chooser(given, values),
  );
}

function textInput(given, values, required) {
  values[given.custom_id] = given.value ?? "";
  const input = el(given.style === PARAGRAPH ? "textarea" : "input", {
    ...(given.style === PARAGRAPH ? { rows: 4 } : { type: "text" }),
    name: given.custom_id,
    placeholder: given.placeholder,
    minlength: given.min_length,
    maxlength: given.max_length ?? 4000,
    required,
    on: { input: () => (values[given.custom_id] = input.value) },
  });
  input.value = given.value ?? "";
  return input;
}

function chooser(given, values) {
  values[given.custom_id] = chosenAtFirst(given);
  return select(given, (chosen) => (values[given.custom_id] = chosen));
}
