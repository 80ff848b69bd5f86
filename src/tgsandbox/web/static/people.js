// Who one is here: making and switching people, groups, profiles.
import { act, get } from "./api.js";
import { avatar, dialog, field, h, popup } from "./dom.js";
import { texts } from "./i18n.js";

const t = texts({
  ru: {
    who: "Кто вы сегодня?", whoText: "Это песочница: здесь можно быть кем угодно. Откройте второе окно, и вас станет двое.",
    newPerson: "Новый человек", name: "Имя", language: "Язык", create: "Создать", cancel: "Отмена", switch: "Сменить человека",
    window: "Открыть в новом окне", profile: "Мой профиль", group: "Новая группа", stars: "Мои звёзды", channel: "Новый канал", channelTitle: "Название канала", leaveChannel: "Покинуть канал", asks: "просит впустить", letIn: "Впустить", turnDown: "Отклонить", night: "Ночной режим",
    day: "Дневной режим", developer: "Для разработчика", phone: "Телефон", premium: "Telegram Premium", save: "Сохранить",
    lastName: "Фамилия", title: "Название группы", members: "Участники", saved: "Сохранено", block: "Заблокировать бота",
    unblock: "Разблокировать бота", leave: "Покинуть группу", add: "Добавить участника", promote: "Сделать администратором",
    remove: "Исключить", admin: "администратор", creator: "владелец", close: "Закрыть", restricted: "ограничен(а)",
    buyer: "Покупатель", username: "Имя пользователя", link: "Ссылка с параметром /start", open: "Открыть",
  },
  uz: {
    who: "Bugun kimsiz?", whoText: "Bu qum qutisi: istagan odam bo‘ling. Ikkinchi oynani oching, ikki kishi bo‘lasiz.",
    newPerson: "Yangi odam", name: "Ism", language: "Til", create: "Yaratish", cancel: "Bekor qilish", switch: "Odamni almashtirish",
    window: "Yangi oynada ochish", profile: "Profilim", group: "Yangi guruh", stars: "Yulduzlarim", channel: "Yangi kanal", channelTitle: "Kanal nomi", leaveChannel: "Kanaldan chiqish", asks: "kirishni so‘ramoqda", letIn: "Qabul qilish", turnDown: "Rad etish", night: "Tungi rejim",
    day: "Kunduzgi rejim", developer: "Dasturchi uchun", phone: "Telefon", premium: "Telegram Premium", save: "Saqlash",
    lastName: "Familiya", title: "Guruh nomi", members: "A’zolar", saved: "Saqlandi", block: "Botni bloklash",
    unblock: "Botni blokdan chiqarish", leave: "Guruhdan chiqish", add: "A’zo qo‘shish", promote: "Administrator qilish",
    remove: "Chiqarib yuborish", admin: "administrator", creator: "egasi", close: "Yopish", restricted: "cheklangan",
    buyer: "Xaridor", username: "Foydalanuvchi nomi", link: "/start parametrli havola", open: "Ochish",
  },
  en: {
    who: "Who are you today?", whoText: "This is a sandbox: be whoever you like. Open a second window, and there are two of you.",
    newPerson: "New person", name: "Name", language: "Language", create: "Create", cancel: "Cancel", switch: "Switch person",
    window: "Open in a new window", profile: "My profile", group: "New group", stars: "My Stars", channel: "New channel", channelTitle: "Name of the channel", leaveChannel: "Leave channel", asks: "asks to join", letIn: "Let in", turnDown: "Decline", night: "Night mode",
    day: "Day mode", developer: "For developers", phone: "Phone", premium: "Telegram Premium", save: "Save",
    lastName: "Last name", title: "Name of the group", members: "Members", saved: "Saved", block: "Block bot",
    unblock: "Unblock bot", leave: "Leave group", add: "Add a member", promote: "Make an administrator",
    remove: "Remove", admin: "admin", creator: "owner", close: "Close", restricted: "restricted",
    buyer: "Buyer", username: "Username", link: "Link with a /start parameter", open: "Open",
  },
});

const LANGUAGES = [["ru", "Русский"], ["uz", "O‘zbekcha"], ["en", "English"]];

/** Asks who it is to be; gives a person's id. */
export async function choosePerson(onchosen, { closable = false } = {}) {
  const { people } = await get("people");
  const found = dialog({
    title: t("who"),
    content: [
      h("p", { class: "nothing" }, t("whoText")),
      people.map((each) => personRow(each, () => {
        found.close();
        onchosen(each.id);
      })),
      h("button", { type: "button", class: "choice", onclick: () => {
        found.close();
        newPerson(people, onchosen);
      } }, avatar("+", 5, "small"), t("newPerson")),
    ],
    actions: closable ? [{ text: t("cancel") }] : [],
  });
  if (!closable) found.element.addEventListener("cancel", (event) => event.preventDefault());
}

function personRow(person, onclick, more) {
  return h("button", { type: "button", class: "choice", onclick }, avatar(person.name, person.id, "small"),
    h("span", { style: { flex: "1" } }, person.name, h("span", { class: "sub" }, [person.language, person.username && `@${person.username}`].filter(Boolean).join(" · "))), more);
}

export function newPerson(people, onchosen) {
  const name = field(t("name"), { value: people.length ? "" : t("buyer"), maxLength: 64, required: true });
  const language = field(t("language"), { options: LANGUAGES, value: document.documentElement.lang });
  const found = dialog({
    title: t("newPerson"),
    content: [name.element, language.element],
    actions: [{ text: t("cancel"), run: () => people.length || onchosen(null) }, { text: t("create"), kind: "primary", run: create }],
  });
  found.element.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target === name.input) create().then((done) => done !== false && found.close());
  });
  async function create() {
    if (!name.input.value.trim()) {
      name.element.classList.add("wrong");
      name.input.focus();
      return false;
    }
    const { person } = await makePerson(people, { name: name.input.value, language: language.input.value });
    onchosen(person.id);
    return true;
  }
  name.input.focus();
  name.input.select();
}

const makePerson = (people, about) => act("new_person", null, { ...about, ...(people[0] && {}) });

/** The menu of the list: who one is, and what there is besides. */
export function mainMenu(app, anchor) {
  const box = anchor.getBoundingClientRect();
  popup({ x: box.left, y: box.bottom + 6 }, [
    { text: app.me.name, icon: "user", run: () => profile(app) },
    { text: t("stars"), icon: "star", run: () => app.stars() },
    { text: t("group"), icon: "group", run: () => newGroup(app) },
    { text: t("channel"), icon: "lock", run: () => newGroup(app, true) },
    { text: t("switch"), icon: "reply", run: () => choosePerson((id) => id && app.become(id), { closable: true }) },
    { text: t("window"), icon: "copy", run: () => choosePerson((id) => id && window.open(`#${id}`, "_blank"), { closable: true }) },
    { text: t(app.theme === "dark" ? "day" : "night"), icon: app.theme === "dark" ? "sun" : "moon", run: () => app.setTheme(app.theme === "dark" ? "light" : "dark") },
    { text: t("developer"), icon: "code", run: () => app.toggleDrawer() },
  ]);
}

function profile(app) {
  const { me } = app;
  const first = field(t("name"), { value: me.first_name, maxLength: 64 });
  const last = field(t("lastName"), { value: me.last_name, maxLength: 64 });
  const phone = field(t("phone"), { value: me.phone, type: "tel" });
  const language = field(t("language"), { options: LANGUAGES, value: me.language });
  const premium = h("input", { type: "checkbox", checked: me.premium });
  dialog({
    title: t("profile"),
    content: [first.element, last.element, phone.element, language.element, h("label", { class: "choice" }, premium, t("premium"))],
    actions: [{ text: t("cancel") }, { text: t("save"), kind: "primary", run: () => app.attempt(async () => {
      await act("change", null, { first_name: first.input.value.trim(), last_name: last.input.value.trim(),
        phone: phone.input.value.trim(), language: language.input.value, premium: premium.checked });
      await app.reload();
    }) }],
  });
}

async function newGroup(app, channel = false) {
  const { people, bots } = await get("people");
  const title = field(t(channel ? "channelTitle" : "title"), { maxLength: 128 });
  const others = [...people.filter((each) => each.id !== app.me.id), ...bots];
  const boxes = others.map((each) => h("input", { type: "checkbox", value: String(each.id) }));
  dialog({
    title: t(channel ? "channel" : "group"),
    content: [title.element, others.map((each, at) => h("label", { class: "choice" }, boxes[at], avatar(each.name, each.id, "small"), each.name))],
    actions: [{ text: t("cancel") }, { text: t("create"), kind: "primary", run: async () => {
      if (!title.input.value.trim()) {
        title.element.classList.add("wrong");
        title.input.focus();
        return false;
      }
      const members = boxes.filter((each) => each.checked).map((each) => Number(each.value));
      return app.attempt(async () => {
        const { chat } = await act("new_group", null, { title: title.input.value, members, channel });
        await app.reload();
        await app.openChat(chat);
      });
    } }],
  });
  title.input.focus();
}

/** The menu of a chat. */
export function chatMenu(app, chat, anchor) {
  const box = anchor.getBoundingClientRect();
  const run = (name, given) => () => app.attempt(() => act(name, chat.key, given));
  const items = chat.type === "private"
    ? [
        { text: t("link"), icon: "forward", run: () => startLink(app, chat) },
        { text: t(chat.blocked ? "unblock" : "block"), icon: "lock", kind: chat.blocked ? "" : "danger", run: run("block", { blocked: !chat.blocked }) },
      ]
    : [
        { text: t("members"), icon: "group", run: () => showProfile(app, chat) },
        { text: t(chat.type === "channel" ? "leaveChannel" : "leave"), icon: "close", kind: "danger", run: run("leave") },
      ];
  popup({ x: box.right - 220, y: box.bottom + 6 }, items);
}

function startLink(app, chat) {
  const parameter = field(`t.me/${chat.username}?start=`, { maxLength: 64, pattern: "[A-Za-z0-9_\\-]*" });
  dialog({
    title: t("link"),
    content: parameter.element,
    actions: [{ text: t("cancel") }, { text: t("open"), kind: "primary", run: () => {
      if (!parameter.input.checkValidity()) return false;
      app.attempt(() => act("send", chat.key, { text: `/start ${parameter.input.value}`.trim() }));
      return true;
    } }],
  });
}

export async function showProfile(app, chat) {
  if (chat.type === "private" || !chat.writes) {
    dialog({ title: chat.title, content: [chat.username && h("p", {}, `@${chat.username}`), chat.description && h("p", { class: "text" }, chat.description)],
      actions: [{ text: t("close") }] });
    return;
  }
  const { people, bots } = await get("people");
  const { asking } = await act("door", chat.key);
  const inside = new Set(chat.members.map((each) => each.id));
  const found = dialog({
    title: chat.title,
    content: [
      asking.map((each) => asker(app, chat, each, () => found.close())),
      chat.members.map((each) => memberRow(app, chat, each, () => found.close())),
      [...people, ...bots].filter((each) => !inside.has(each.id)).map((each) =>
        h("button", { type: "button", class: "choice", onclick: () => {
          found.close();
          app.attempt(() => act("add", chat.key, { account: each.id }));
        } }, avatar("+", 5, "small"), `${t("add")}: ${each.name}`)),
    ],
    actions: [{ text: t("close") }],
  });
}

/** Somebody who waits to be let in. */
function asker(app, chat, person, close) {
  return personRow({ ...person, username: "", language: t("asks") }, (event) => popup({ x: event.clientX, y: event.clientY }, [
    ["let_in", "letIn", "check", ""], ["turn_down", "turnDown", "close", "danger"],
  ].map(([name, word, shown, kind]) => ({ text: t(word), icon: shown, kind, run: () => {
    close();
    app.attempt(() => act(name, chat.key, { account: person.id }));
  } }))));
}

function memberRow(app, chat, member, close) {
  const status = { creator: t("creator"), administrator: t("admin"), restricted: t("restricted") }[member.status] ?? "";
  const row = h("button", { type: "button", class: "choice" }, avatar(member.name, member.id, "small"),
    h("span", {}, member.name, status && h("span", { class: "sub" }, status)));
  row.onclick = (event) => member.id !== app.me.id && popup({ x: event.clientX, y: event.clientY }, [
    ["promote", "star", ""], ["remove", "trash", "danger"],
  ].map(([name, shown, kind]) => ({ text: t(name), icon: shown, kind, run: () => {
    close();
    app.attempt(() => act(name, chat.key, { account: member.id }));
  } })));
  return row;
}
