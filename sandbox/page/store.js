// What the page knows: the world as the sandbox told it, and what this reader chose.

class Store extends EventTarget {
  application = { id: "0", name: "Vigie", commands: [] };
  botOnline = false;
  guilds = [];
  messages = new Map(); // channel id -> Map(message id -> message), in the order of arrival
  ephemeral = new Map(); // message id -> {user_id, interaction_id, message}
  notices = new Map(); // interaction key -> {key, channelId, userId, kind, command}: this page's own lines
  failures = new Set(); // ids of messages where the last press failed
  dismissed = new Set();
  panel = null; // the demo's: its switches and the chapter of its story
  unread = new Set();
  channelId = null;
  userId = null;

  /** Take one thing the sandbox says; see the control API. */
  apply(news) {
    const take = {
      state: () => this.#takeState(news),
      message_create: () => this.#takeMessage(news.message, true),
      message_update: () => this.#takeMessage(news.message, false),
      message_delete: () => this.messages.get(news.channel_id)?.delete(news.id),
      ephemeral: () => this.#takeEphemeral(news),
      ephemeral_delete: () => this.ephemeral.delete(news.id),
      commands: () => (this.application.commands = news.commands),
      bot: () => (this.botOnline = news.online),
      channels: () => this.#takeChannels(news),
      roles: () => this.#takeRoles(news),
      panel: () => (this.panel = news.panel),
    }[news.type];
    take?.();
    this.#tell(news.type, news);
  }

  #takeState(state) {
    this.application = state.application;
    this.botOnline = state.bot_online;
    this.guilds = state.guilds;
    this.panel = state.panel;
    this.messages = new Map(
      Object.entries(state.messages).map(([id, list]) => [id, new Map(list.map((one) => [one.id, one]))]),
    );
    this.ephemeral = new Map(state.ephemeral.map((entry) => [entry.message.id, entry]));
    this.#keepSelection();
  }

  #takeMessage(message, isNew) {
    if (!this.messages.has(message.channel_id)) this.messages.set(message.channel_id, new Map());
    this.messages.get(message.channel_id).set(message.id, message);
    if (isNew && message.channel_id !== this.channelId) this.unread.add(message.channel_id);
    this.#answer(message, message.interaction_metadata?.id);
  }

  #takeEphemeral(news) {
    this.ephemeral.set(news.message.id, news);
    this.#answer(news.message, news.interaction_id);
  }

  /** An answer takes the place of the line that waited for it. */
  #answer(message, interactionId) {
    this.notices.delete(interactionId);
    const { name, user } = message.interaction_metadata ?? {};
    const waits = (one) => one.kind === "sending" && one.command === name && one.userId === user?.id;
    const waiting = [...this.notices.values()].find(waits);
    if (waiting) this.notices.delete(waiting.key);
  }

  #takeChannels({ guild_id: guildId, channels }) {
    const guild = this.guilds.find((one) => one.id === guildId);
    if (guild) guild.channels = channels;
    this.#keepSelection();
  }

  #takeRoles({ guild_id: guildId, roles }) {
    const guild = this.guilds.find((one) => one.id === guildId);
    if (guild) guild.roles = roles;
  }

  /** After a change of the world, choose again where the old choice is gone. */
  #keepSelection() {
    if (!this.channel()) this.channelId = this.#firstChannel()?.id ?? null;
    if (!this.people().some((user) => user.id === this.userId)) this.userId = this.people()[0]?.id ?? null;
  }

  #firstChannel() {
    const all = this.channels();
    return all.find((channel) => channel.name === "alerts") ?? all[0];
  }

  channels = () => this.guilds.flatMap((guild) => guild.channels).filter((one) => [0, 5, 10, 11, 12].includes(one.type));
  channel = (id = this.channelId) => this.channels().find((channel) => channel.id === id);
  guild = () => this.guilds.find((one) => one.channels.some((channel) => channel.id === this.channelId)) ?? this.guilds[0];
  people = () => this.guild()?.users ?? [];
  user = () => this.people().find((one) => one.id === this.userId);

  /** Names for mentions, in whichever server they are; undefined when nobody has the id. */
  userName(id) {
    if (id === this.application.id) return this.application.name;
    return this.guilds.flatMap((guild) => guild.users).find((user) => user.id === id)?.name;
  }
  roleName = (id) => this.guilds.flatMap((guild) => guild.roles).find((role) => role.id === id)?.name;
  channelName = (id) => this.guilds.flatMap((guild) => guild.channels).find((channel) => channel.id === id)?.name;

  authorName(author) {
    if (author.id === this.application.id) return this.application.name;
    return author.global_name ?? this.userName(author.id) ?? author.username;
  }

  /** Find a message by id, ephemeral ones of this reader included. */
  message(id) {
    for (const channel of this.messages.values()) if (channel.has(id)) return channel.get(id);
    return this.ephemeral.get(id)?.message;
  }

  /** What the reader sees in the channel: oldest first, the page's own notices last. */
  visible() {
    const shown = [...(this.messages.get(this.channelId)?.values() ?? [])].map((message) => ({ message }));
    for (const entry of this.ephemeral.values()) {
      const mine = entry.user_id === this.userId && entry.message.channel_id === this.channelId;
      if (mine && !this.dismissed.has(entry.message.id)) shown.push({ ...entry, private: true });
    }
    shown.sort((a, b) => (BigInt(a.message.id) < BigInt(b.message.id) ? -1 : 1));
    const notices = [...this.notices.values()].filter(
      (notice) => notice.channelId === this.channelId && notice.userId === this.userId,
    );
    return [...shown, ...notices.map((notice) => ({ notice }))];
  }

  select(change) {
    Object.assign(this, change);
    this.#keepSelection();
    this.unread.delete(this.channelId);
    this.#tell("selection", change);
  }

  dismiss(id) {
    this.dismissed.add(id);
    this.#tell("ephemeral_delete", { id });
  }

  /** Add, change or (with null) remove one of the page's own lines. */
  notice(key, notice) {
    if (notice === null) this.notices.delete(key);
    else this.notices.set(key, { ...this.notices.get(key), key, ...notice });
    this.#tell("notice", { key });
  }

  fail(messageId, failed) {
    if (failed) this.failures.add(messageId);
    else this.failures.delete(messageId);
    this.#tell("notice", { messageId });
  }

  #tell(kind, news) {
    this.dispatchEvent(new CustomEvent("change", { detail: { kind, news } }));
  }
}

export const store = new Store();
