// Mini Apps: the window that one opens in, and Telegram's half of the talk with it.

import { act, codeIn } from "./api.js";
import { avatar, dialog, field, h, iconButton, popup, toast } from "./dom.js";
import { texts } from "./i18n.js";

const t = texts({
  ru: {
    app: "мини-приложение", Back: "Назад", Close: "Закрыть", Menu: "Меню", Settings: "Настройки", Reload: "Обновить",
    Cancel: "Отмена", OK: "ОК", Allow: "Разрешить", Open: "Открыть",
    unsaved: "Изменения могут не сохраниться.", phone: "Отправить боту ваш номер телефона?", write: "Разрешить боту писать вам?", link: "Открыть ссылку?", paste: "Дать прочитать буфер обмена?",
    scan: "Сканер QR", picture: "Картинка с кодом", code: "Текст кода", nothing: "QR-кода не видно",
    after: "«paid», а потом «cancelled»", silent: "При отмене тишина", failed: "Оплачено, но «failed»", slow: "Ответы через 2 секунды",
    flood: "Больше 200 событий в секунду: лишние отброшены.", late: "ready() не вызван. Пусто? Проверьте адрес и запрет фреймов.",
    keyboard: "sendData — только из клавиатуры бота.",
  },
  uz: {
    app: "mini-ilova", Back: "Orqaga", Close: "Yopish", Menu: "Menyu", Settings: "Sozlamalar", Reload: "Yangilash",
    Cancel: "Bekor qilish", Allow: "Ruxsat berish", Open: "Ochish",
    unsaved: "O‘zgarishlar saqlanmasligi mumkin.", phone: "Telefon raqamingiz botga yuborilsinmi?", write: "Bot sizga yozsinmi?", link: "Havola ochilsinmi?", paste: "Almashish buferini o‘qisinmi?",
    scan: "QR skaneri", picture: "Kod rasmi", code: "Kod matni", nothing: "QR-kod ko‘rinmadi",
    after: "«paid», keyin «cancelled»", silent: "Bekor qilinsa, jim", failed: "To‘landi, lekin «failed»", slow: "Javob 2 soniyadan keyin",
    flood: "Soniyasiga 200 dan ortiq hodisa, ortig‘i tashlandi.", late: "ready() chaqirilmadi. Bo‘shmi? Manzil va freym taqiqini tekshiring.",
    keyboard: "sendData — faqat bot klaviaturasidan.",
  },
  en: {
    app: "mini app",
    unsaved: "Changes that you made may not be saved.", phone: "Send your phone number to the bot?", write: "Allow the bot to message you?", link: "Open this link?", paste: "Let it read the clipboard?",
    scan: "QR scanner", picture: "Picture of the code", code: "Text of the code", nothing: "No QR code to be seen",
    after: "“paid”, then “cancelled”", silent: "Silence on cancel", failed: "Paid, but “failed”", slow: "Answers after 2 seconds",
    flood: "Over 200 events a second: the rest is dropped.", late: "ready() was not called. Empty? Check the address and whether it forbids frames.",
    keyboard: "sendData is for the bot’s keyboard only.",
  },
});

const MOST = 200; // events a second
const PATIENCE = 3000; // until the placeholder goes
const FLAGS = ["is_visible", "is_active", "is_progress_visible", "has_shine_effect"];
// What a client answers that does not have it: mostly that it failed.
const LACKING = /(device|secure)_storage|accelerometer|gyroscope|device_orientation|fullscreen|home_screen|emoji_status|prepared_message/;
const MISSING = {
  check_home_screen: "home_screen_checked unsupported",
  biometry_get_info: "biometry_info_received",
  check_location: "location_checked",
  request_location: "location_requested",
  request_emoji_status_access: "emoji_status_access_requested cancelled",
  request_file_download: "file_download_requested cancelled",
};
const QUIRKS = ["after", "silent", "failed", "slow"]; // of real clients, when they are wanted
const quirk = (name) => localStorage.getItem(`quirk.${name}`) === "on";

let themes;
let shown; // one at a time

/** Tells an open app of the page's theme. */
export const setTheme = (name) => shown?.dress(name);

/** Opens the app at the address of act("open_app"), in place of the one before. */
export async function openApp(given, around) {
  if (!/^https?:/.test(given.url)) throw new Error(given.url);
  const href = new URL("miniapp.css", import.meta.url).href;
  if (!document.querySelector(`link[href="${href}"]`)) {
    await new Promise((done) => document.head.append(h("link", { rel: "stylesheet", href, onload: done, onerror: done })));
  }
  themes ??= await act("themes");
  if (shown && !(await shown.leave())) return null;
  shown?.close();
  return (shown = start(given, around));
}

const narrow = () => matchMedia("(max-width: 640px)").matches;
const words = (value, most) => (typeof value === "string" ? value.slice(0, most) : "");
let quiet = 0;
const tell = ({ message }) => {
  if (performance.now() > quiet) toast(message);
  quiet = performance.now() + 1000;
};
const colour = (value) => (/^#[0-9a-f]{6}$/i.test(value) ? value : undefined);

function start({ url, bot, button }, { me, theme, onclose, app: page }) {
  const home = `${bot.id}:${me.id ?? me}`; // what a Mini App does, it does in the chat with its bot
  const title = `${bot.name}, ${t("app")}`;
  const focused = document.activeElement;
  const gone = new AbortController();
  let colours, params, frame, wait, origin, ready, reloads, confirms, settings;
  let waiting, question, scanning, paying, flooded, settling;
  let heard = 0;
  let asked = 0;
  let at = [0, 0];

  // --- the window

  const press = (name) => () => post(`${name}_button_pressed`);
  const back = iconButton("back", t("Back"), press("back"), { hidden: true });
  const head = h("header", { class: "app-head", onpointerdown: drag },
    back,
    h("div", { class: "app-titles" }, bot.name, h("small", {}, t("app"))),
    iconButton("more", t("Menu"), menu),
    iconButton("close", t("Close"), leave));
  const stage = h("div", { class: "app-stage" });
  const buttons = {};
  for (const name of ["secondary", "main"]) buttons[name] = { element: h("button", { type: "button", onclick: press(name) }) };
  const bottom = h("div", { class: "app-bottom" }, Object.values(buttons).map(({ element }) => element));
  const pane = h("section", { class: "app-window", role: "dialog", "aria-label": title }, head, stage, bottom);
  const host = h("div", {
    class: "app-host",
    popover: "manual",
    onclick: ({ target }) => target === host && leave(),
    onkeydown: ({ key }) => key === "Escape" && (back.hidden ? leave() : back.click()),
  }, pane);

  function load() {
    const colourful = encodeURIComponent(JSON.stringify(params));
    // At our own address it would reach into this page.
    const same = new URL(url).origin === location.origin ? "" : "allow-same-origin";
    origin = null;
    ready = reloads = false;
    frame = h("iframe", {
      src: url.replace(/(?<=tgWebAppThemeParams=)[^&]*/, colourful) + (bot.inline ? "&tgWebAppBotInline=1" : ""),
      title,
      sandbox: `allow-scripts ${same} allow-forms allow-popups allow-modals`,
      allow: "clipboard-write",
      onload: () => expect(PATIENCE),
    });
    wait = h("div", { class: "app-wait", "aria-busy": "true" }, avatar(bot.name, bot.id));
    stage.replaceChildren(frame, wait);
    expect(PATIENCE * 3);
  }

  function expect(time) {
    clearTimeout(waiting);
    if (!ready) waiting = setTimeout(() => (wait.remove(), toast(t("late"))), time);
  }

  function reset() {
    for (const each of Object.values(buttons)) each.is_visible = each.is_progress_visible = false;
    back.hidden = true;
    settings = confirms = false;
    colours = {};
    paint();
  }

  function dress(name) {
    params = themes[name];
    paint();
    post("theme_changed", { theme_params: params });
  }

  function paint() {
    for (const [name, key] of Object.entries({ head: "header_bg_color", bg: "bg_color", bottom: "bottom_bar_bg_color" })) {
      pane.style.setProperty(`--app-${name}`, params[colours[name]] ?? colours[name] ?? params[key]);
    }
    for (const { element, text, color, text_color, ...is } of Object.values(buttons)) {
      element.hidden = !is.is_visible || !text?.trim();
      element.textContent = text;
      element.style.background = color ?? params.button_color;
      element.style.color = text_color ?? params.button_text_color;
      element.disabled = is.is_active === false;
      element.ariaBusy = Boolean(is.is_progress_visible);
      element.className = is.has_shine_effect ? "shine" : "";
    }
    bottom.hidden = buttons.main.element.hidden && buttons.secondary.element.hidden;
    bottom.dataset.side = buttons.secondary.position ?? "left";
  }

  function viewport(stable) {
    const { clientWidth: width, clientHeight: height } = stage;
    post("viewport_changed", { width, height, is_expanded: expanded(), is_state_stable: stable });
  }

  const sizes = new ResizeObserver(() => {
    viewport(false);
    clearTimeout(settling);
    settling = setTimeout(viewport, 150, true);
  });

  // --- the person's side

  function menu({ currentTarget }) {
    const { right, bottom: y } = currentTarget.getBoundingClientRect();
    popup({ x: right - 260, y }, [
      settings && { text: t("Settings"), run: press("settings") },
      { text: t("Reload"), run: reload },
      ...QUIRKS.map((each) => ({
        text: `${quirk(each) ? "☑" : "☐"} ${t(each)}`,
        run: () => localStorage.setItem(`quirk.${each}`, quirk(each) ? "off" : "on"),
      })),
    ].filter(Boolean));
  }

  function reload() {
    if (reloads) return post("reload_iframe");
    reset();
    load();
  }

  const expanded = () => !narrow() || "expanded" in pane.dataset;
  const expand = (wanted) => pane.toggleAttribute("data-expanded", wanted);

  /** The window moves by its head; on a phone it is pulled up, and down until it goes. */
  function drag({ target, pointerId, clientX, clientY }) {
    if (target.closest("button")) return;
    let x, y;
    head.setPointerCapture(pointerId);
    head.onpointermove = (event) => {
      [x, y] = [at[0] + event.clientX - clientX, at[1] + event.clientY - clientY];
      y = Math.max(narrow() ? -50 : -pane.offsetTop, y);
      pane.style.translate = `${narrow() ? 0 : x}px ${y}px`;
    };
    head.onlostpointercapture = () => {
      head.onpointermove = head.onlostpointercapture = null;
      if (x === undefined) return;
      if (!narrow()) return void (at = [x, y]);
      at = [0, 0];
      pane.style.translate = "";
      if (y < -40) expand(true);
      else if (y > 120) expanded() ? expand(false) : leave();
    };
  }

  /** Closes it as a person does: after a question, when the app asked for one. */
  async function leave() {
    const agreed = !confirms || (await ask(t("unsaved"), t("Close"), "danger"));
    if (agreed) close();
    return agreed;
  }

  function close() {
    if (gone.signal.aborted) return;
    if (shown?.close === close) shown = null;
    gone.abort();
    sizes.disconnect();
    clearTimeout(waiting);
    question?.close();
    host.remove();
    focused?.focus?.();
    onclose?.();
  }

  /** One question at a time, and not one after another without end. */
  function show({ onclose: done, ...window }) {
    if (gone.signal.aborted || question || asked > 9) return done();
    if (!asked++) setTimeout(() => (asked = 0), 3000);
    question = dialog({ title: bot.name, kind: "app-question", ...window, onclose: () => {
      question = null;
      done();
    } });
    return question;
  }

  function ask(text, yes, kind = "primary") {
    return new Promise((resolve) => {
      let agreed = false;
      const run = () => void (agreed = true);
      show({ content: h("p", { class: "text" }, text), actions: [{ text: t("Cancel") }, { text: yes, kind, run }], onclose: () => resolve(agreed) });
    });
  }

  // --- the app's side

  function post(eventType, eventData = null) {
    if (origin) frame.contentWindow?.postMessage(JSON.stringify({ eventType, eventData }), origin);
  }

  /** What the app asked for; a slow client takes its time. */
  const answer = (type, data) => setTimeout(post, quirk("slow") ? 2000 : 0, type, data);

  function hear(event) {
    const { data } = event;
    if (event.source !== frame.contentWindow || event.origin === "null" || typeof data !== "string" || data.length > 2e5) return;
    if (!heard++) setTimeout(() => (heard = 0), 1000);
    if (heard > MOST) {
      if (!flooded) toast(t("flood"));
      flooded = true;
      return;
    }
    let message;
    try {
      message = Object(JSON.parse(data));
    } catch {
      return;
    }
    const name = words(message.eventType, 60).replace("web_app_", "");
    if (!name) return;
    origin = event.origin;
    const given = Object(message.eventData);
    if (Object.hasOwn(said, name)) (async () => said[name](given))().catch(tell);
    else miss(name, given);
  }

  function miss(name, { req_id }) {
    const known = Object.hasOwn(MISSING, name) ? MISSING[name] : LACKING.test(name) && `${LACKING.exec(name)[0]}_failed`;
    if (!known) return;
    const [type, status] = known.split(" ");
    answer(type, { req_id, error: "UNSUPPORTED", available: false, status });
  }

  function setup(name, { text, color, text_color, position, ...flags }) {
    const it = buttons[name];
    for (const each of FLAGS) if (each in flags) it[each] = Boolean(flags[each]);
    it.text = words(text, 256) || it.text;
    it.color = colour(color) ?? it.color;
    it.text_color = colour(text_color) ?? it.text_color;
    if (["left", "right", "top", "bottom"].includes(position)) it.position = position;
    paint();
  }

  const tint = (what) => ({ color, color_key }) => {
    colours[what] = /^(secondary_|bottom_bar_)?bg_color$/.test(color_key) ? color_key : colour(color);
    paint();
  };

  async function pay(slug) {
    if (paying) return "failed";
    paying = true;
    const status = await import("./sheet.js").then(({ openSheet }) => openSheet({ link: `https://t.me/$${slug}` })).catch(tell);
    paying = false;
    return status ?? "failed";
  }

  const inset = (type) => () => answer(`${type}_changed`, { top: 0, bottom: 0, left: 0, right: 0 });

  // By what the app says, less "web_app_".
  const said = {
    iframe_ready: (data) => void (reloads = data.reload_supported),
    iframe_will_reload: reset,
    ready: () => {
      ready = true;
      clearTimeout(waiting);
      wait.remove();
    },
    expand: () => expand(true),
    close, // by itself it closes without a question
    request_theme: () => answer("theme_changed", { theme_params: params }),
    request_viewport: () => viewport(true),
    request_safe_area: inset("safe_area"),
    request_content_safe_area: inset("content_safe_area"),
    setup_main_button: (data) => setup("main", data),
    setup_secondary_button: (data) => setup("secondary", data),
    setup_back_button: (data) => void (back.hidden = !data.is_visible),
    setup_settings_button: (data) => void (settings = data.is_visible),
    setup_closing_behavior: (data) => void (confirms = data.need_confirmation),
    set_header_color: tint("head"),
    set_background_color: tint("bg"),
    set_bottom_bar_color: tint("bottom"),

    async open_invoice({ slug }) {
      let status = await pay(words(slug, 64));
      if (status === "cancelled" && quirk("silent")) return;
      const paid = status === "paid";
      if (paid && quirk("failed")) status = "failed";
      answer("invoice_closed", { slug, status });
      if (paid && quirk("after")) setTimeout(answer, 300, "invoice_closed", { slug, status: "cancelled" });
    },

    open_popup(data) {
      let chosen = {};
      const message = words(data.message, 256);
      const actions = [data.buttons ?? []].flat().slice(0, 3).map(Object).map(({ id, type, text }) => ({
        text: words(text, 64) || t({ close: "Close", cancel: "Cancel" }[type] ?? "OK"),
        kind: type === "destructive" ? "danger" : "",
        run: () => void (chosen = { button_id: words(id, 64) }),
      }));
      if (!message || !actions.length) return;
      show({ title: words(data.title, 64) || bot.name, content: h("p", { class: "text" }, message), actions, onclose: () => answer("popup_closed", chosen) });
    },

    trigger_haptic_feedback(data) {
      stage.querySelector(".app-haptic")?.remove();
      const what = words(data.impact_style ?? data.notification_type ?? data.type, 20).replace("_change", "");
      stage.append(h("div", { class: "app-haptic", "aria-hidden": "true", onanimationend: ({ target }) => target.remove() }, "📳 ", what));
    },

    async invoke_custom_method({ req_id, method, params: given }) {
      const result = await act("custom", home, { method, params: given }).catch((error) => ({ error: error.message }));
      answer("custom_method_invoked", { req_id, ...result });
    },

    async request_phone() {
      const sent = (await ask(t("phone"), t("Allow"))) && (await act("contact", home).catch(tell));
      answer("phone_requested", { status: sent ? "sent" : "cancelled" });
    },

    async request_write_access() {
      let { allowed } = await act("may_write", home);
      if (!allowed && (await ask(t("write"), t("Allow")))) allowed = await act("allow_writing", home);
      answer("write_access_requested", { status: allowed ? "allowed" : "cancelled" });
    },

    async data_send({ data }) {
      if (!button) return tell({ message: t("keyboard") });
      await act("app_data", home, { data, button });
      close();
    },

    async open_link(data) {
      const link = words(data.url, 2000);
      if (/^https?:\/\//i.test(link) && (await ask(`${t("link")}\n${link}`, t("Open")))) open(link, "_blank", "noopener,noreferrer");
    },

    open_tg_link(data) {
      const path = words(data.path_full, 2000);
      const [, slug] = /^\/(?:\$|%24|invoice\/)([\w-]+)$/.exec(path) ?? [];
      if (slug) return pay(slug);
      page?.follow(`https://t.me${path}`) ?? toast(`t.me${path}`);
    },

    open_scan_qr_popup(data) {
      const found = (text) => text && answer("qr_text_received", { data: text });
      const code = field(t("code"));
      const picture = field(t("picture"), { type: "file", accept: "image/*", onchange: async ({ target }) => {
        if (!found(await codeIn(target.files[0]).catch(() => ""))) toast(t("nothing"));
      } });
      const run = () => (found(code.input.value.trim()), false);
      const onclose = () => {
        if (scanning !== "quiet") answer("scan_qr_popup_closed", {});
        scanning = null;
      };
      const content = [words(data.text, 64), picture.element, code.element].filter(Boolean);
      scanning = show({ title: t("scan"), content, actions: [{ text: t("Close") }, { text: t("OK"), kind: "primary", run }], onclose });
    },
    close_scan_qr_popup() {
      const scanner = scanning;
      scanning &&= "quiet";
      scanner?.close();
    },

    async read_text_from_clipboard({ req_id }) {
      const allowed = await ask(t("paste"), t("Allow"));
      const data = allowed ? await navigator.clipboard.readText().catch(() => undefined) : undefined;
      answer("clipboard_text_received", { req_id, data });
    },

    switch_inline_query({ query, chat_types }) {
      close();
      page?.inline(bot.username, words(query, 256), !chat_types?.length);
    },
  };

  const { signal } = gone;
  addEventListener("message", hear, { signal });
  document.addEventListener("visibilitychange", () => post("visibility_changed", { is_visible: !document.hidden }), { signal });
  params = themes[theme];
  reset();
  load();
  document.body.append(host);
  host.showPopover();
  frame.focus();
  sizes.observe(stage);
  return { dress, leave, close };
}
