// The page's own words in English and French, and the locale that dates and interactions use.

const WORDS = {
  en: {
    edited: "edited",
    app: "APP",
    online: "online",
    offline: "offline",
    channels: "Text channels",
    user: "You are",
    language: "Language",
    dark: "Dark theme",
    light: "Light theme",
    menu: "Channels and settings",
    close: "Close",
    cancel: "Cancel",
    submit: "Submit",
    dismiss: "Dismiss message",
    only_you: "Only you can see this",
    thinking: "{name} is thinking…",
    sending: "Sending command…",
    no_answer: "The application did not respond",
    failed: "This interaction failed",
    reconnecting: "Connection to the sandbox lost. Trying again…",
    newer: "New messages",
    welcome: "Welcome to #{name}!",
    welcome_text: "This is the start of the #{name} channel.",
    used: "{user} used {command}",
    gone: "Original message was deleted",
    silent: "Sent silently: nobody was notified",
    today: "Today at {time}",
    yesterday: "Yesterday at {time}",
    pick: "Make a selection",
    option_add: "Add an option, or press Enter to run",
    press_enter: "Press Enter to run",
    placeholder: "Type / to use a command in #{name}",
    commands: "Commands",
    required: "This option is required.",
    pick_one: "Choose one from the list.",
    whole: "Enter a whole number.",
    between: "Enter a number from {low} to {high}.",
    unknown_command: "There is no such command. Type / to see them all.",
    no_commands: "The bot has registered no commands yet.",
    yes: "True",
    no: "False",
    remove: "Remove {name}",
    run: "Run",
    file: "Choose a file",
    pinged: "notified",
    not_pinged: "mentioned, not notified",
    unread: "unread",
    unknown_channel: "unknown",
    no_match: "Nothing found",
    unreachable: "The sandbox cannot be reached.",
    spoiler: "Spoiler, press to reveal",
    panel: "The demo",
    chapter_soon: "Vigie is starting. In a moment the first site fails.",
    chapter_bakery: "Time-lapse: a second here is a minute. The bakery’s site fails; @On call is pinged, somebody takes it on.",
    chapter_immigration: "Now the night of 8 November 2016: three visits in four fail, for hours. A minute here was an hour then.",
    chapter_town: "Six more sites behind one server fail at once. Watch: one message.",
    chapter_over: "The night is over. Now break something yourself.",
    tip_acknowledge: "Press Acknowledge",
    tip_reader: "Be {name}",
    switch_bakery_off: "Break the bakery",
    switch_bakery_on: "Mend the bakery",
    switch_network_off: "Unplug Vigie",
    switch_network_on: "Plug Vigie in again",
    attachment: "Attachment",
  },
  fr: {
    edited: "modifié",
    online: "en ligne",
    offline: "hors ligne",
    channels: "Salons textuels",
    user: "Vous êtes",
    language: "Langue",
    dark: "Thème sombre",
    light: "Thème clair",
    menu: "Salons et réglages",
    close: "Fermer",
    cancel: "Annuler",
    submit: "Envoyer",
    dismiss: "Supprimer le message",
    only_you: "Vous seul pouvez voir ceci",
    thinking: "{name} réfléchit…",
    sending: "Envoi de la commande…",
    no_answer: "L’application ne répond plus",
    failed: "Échec de l’interaction",
    reconnecting: "Connexion au bac à sable perdue. Nouvel essai…",
    newer: "Nouveaux messages",
    welcome: "Bienvenue dans #{name} !",
    welcome_text: "C’est le début du salon #{name}.",
    used: "{user} a utilisé {command}",
    gone: "Le message d’origine a été supprimé",
    silent: "Envoyé en silence : personne n’a été notifié",
    today: "Aujourd’hui à {time}",
    yesterday: "Hier à {time}",
    pick: "Faire un choix",
    option_add: "Ajoutez une option, ou Entrée pour lancer",
    press_enter: "Entrée pour lancer",
    placeholder: "Tapez / pour lancer une commande dans #{name}",
    commands: "Commandes",
    required: "Cette option est obligatoire.",
    pick_one: "Choisissez dans la liste.",
    whole: "Saisissez un nombre entier.",
    between: "Saisissez un nombre de {low} à {high}.",
    unknown_command: "Cette commande n’existe pas. Tapez / pour les voir toutes.",
    no_commands: "Le bot n’a pas encore enregistré de commandes.",
    yes: "Vrai",
    no: "Faux",
    remove: "Retirer {name}",
    run: "Lancer",
    file: "Choisir un fichier",
    pinged: "notifié",
    not_pinged: "mentionné, non notifié",
    unread: "non lu",
    unknown_channel: "inconnu",
    no_match: "Rien trouvé",
    unreachable: "Le bac à sable est injoignable.",
    spoiler: "Contenu masqué, appuyez pour le révéler",
    panel: "La démo",
    chapter_soon: "Vigie démarre. Dans un instant, un premier site tombe.",
    chapter_bakery: "Temps accéléré : une seconde ici vaut une minute. Le site de la boulangerie tombe ; @On call est prévenu, quelqu’un s’en charge.",
    chapter_immigration: "Voici la nuit du 8 novembre 2016 : trois visites sur quatre échouent, pendant des heures. Une minute ici valait une heure alors.",
    chapter_town: "Six autres sites derrière un même serveur tombent d’un coup. Regardez : un seul message.",
    chapter_over: "La nuit est finie. À vous de casser quelque chose.",
    tip_acknowledge: "Appuyer sur « Je prends »",
    tip_reader: "Devenir {name}",
    switch_bakery_off: "Casser la boulangerie",
    switch_bakery_on: "Réparer la boulangerie",
    switch_network_off: "Débrancher Vigie",
    switch_network_on: "Rebrancher Vigie",
    attachment: "Pièce jointe",
  },
};

let current = "en-US";

/** The Discord locale that interactions are sent with: `en-US` or `fr`. */
export const locale = () => current;

export function setLocale(next) {
  current = next.startsWith("fr") ? "fr" : "en-US";
  document.documentElement.lang = current;
}

/** The locale of dates: the chosen language, with the browser's own region where it fits. */
export function dateLocale() {
  const language = current.slice(0, 2);
  return navigator.languages.find((one) => one.slice(0, 2) === language) ?? current;
}

/** One of the page's own texts. */
export function t(key, values = {}) {
  const text = WORDS[current.slice(0, 2)][key] ?? WORDS.en[key];
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** The name or description of a command part, in the chosen language where it has one. */
export function localised(part, key) {
  return part[`${key}_localizations`]?.[current] ?? part[key] ?? "";
}
