// window.Telegram.WebApp, as https://core.telegram.org/bots/webapps documents it.
// Written for the sandbox's page, in whose frame the app is; it stays quiet anywhere else.
(() => {
  "use strict";

  // --- what the app was opened with

  const STORED = "tgsandbox.init";
  const kept = (name) => {
    try {
      return JSON.parse(sessionStorage.getItem(name)) ?? {};
    } catch {
      return {};
    }
  };
  const keep = (name, value) => {
    try {
      sessionStorage.setItem(name, JSON.stringify(value));
    } catch {
      // It lasts as long as the page.
    }
  };
  const given = Object.fromEntries(
    [...new URLSearchParams(location.hash.replace(/^#(.*\?)?/, ""))].filter(([name]) => name.startsWith("tgWebApp")),
  );
  const params = { ...kept(STORED), ...given };
  keep(STORED, params);

  const parsed = (query) => {
    const found = {};
    for (const [name, value] of new URLSearchParams(query)) {
      found[name] = value;
      if (/^(\{.*\}|\[.*\])$/s.test(value)) {
        try {
          found[name] = JSON.parse(value);
        } catch {
          // It only looks like JSON.
        }
      }
    }
    return found;
  };
  const initData = params.tgWebAppData ?? "";
  const initDataUnsafe = parsed(initData);
  const version = params.tgWebAppVersion ?? "6.0";
  const platform = params.tgWebAppPlatform ?? "unknown";

  const isVersionAtLeast = (wanted) => {
    const [ours, theirs] = [version, String(wanted)].map((each) => each.trim().split(".").map(Number));
    for (let at = 0; at < Math.max(ours.length, theirs.length); at += 1) {
      const difference = (ours[at] || 0) - (theirs[at] || 0);
      if (difference) return difference > 0;
    }
    return true;
  };
  const wrong = (what, why) => {
    console.error(`[Telegram.WebApp] ${why}`);
    throw Error(`WebApp${what}`);
  };

  // --- the talk with the client

  const framed = window.parent !== window;
  const inside = framed && "tgWebAppVersion" in params;
  const post = (name, data = "") => {
    const eventType = name.startsWith("iframe_") ? name : `web_app_${name}`;
    if (framed) window.parent.postMessage(JSON.stringify({ eventType, eventData: data }), "*");
  };

  const received = {}; // by the client's name of the event
  const listeners = {}; // by the app's
  const call = (callbacks, ...args) => {
    for (const each of [...(callbacks ?? [])]) {
      try {
        each.apply(WebApp, args);
      } catch (error) {
        setTimeout(() => {
          throw error; // to be seen, when the others have been called
        });
      }
    }
  };
  const camel = (name) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
  const receive = (name, data) => {
    if (Object.hasOwn(received, name)) received[name](data ?? {});
    else tell(camel(name), data);
    call(listeners[`webview:${name}`], data);
  };
  const tell = (name, data) => call(listeners[name], data);
  const onEvent = (name, callback) => {
    if (typeof callback === "function") (listeners[name] ??= new Set()).add(callback);
  };
  const offEvent = (name, callback) => listeners[name]?.delete(callback);

  if (framed) {
    window.addEventListener("message", ({ source, data }) => {
      if (source !== window.parent) return;
      let message;
      try {
        message = JSON.parse(data);
      } catch {
        return;
      }
      if (!message?.eventType) return;
      if (message.eventType === "reload_iframe") {
        post("iframe_will_reload");
        location.reload();
      } else if (message.eventType !== "set_custom_style") {
        receive(message.eventType, message.eventData);
      }
    });
  }

  // --- colours and sizes

  const root = document.documentElement;
  const css = (name, value) => root.style.setProperty(`--tg-${name}`, value);
  const hex = (colour) => {
    if (!/^\s*(#|rgba?\()/i.test(colour)) return null;
    const { style } = new Option();
    style.color = colour;
    const parts = style.color.match(/\d+/g)?.slice(0, 3);
    return parts ? `#${parts.map((each) => Number(each).toString(16).padStart(2, "0")).join("")}` : null;
  };
  const isDark = (colour) => {
    const [r, g, b] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
    return Math.sqrt(0.299 * r * r + 0.587 * g * g + 0.114 * b * b) < 120;
  };

  const themeParams = {};
  let colorScheme = "light";
  const dress = (theme) => {
    for (const [name, value] of Object.entries(theme ?? {})) {
      const colour = hex(value);
      if (!colour) continue;
      themeParams[name] = colour;
      css(`theme-${name.replace(/_/g, "-")}`, colour);
    }
    if (themeParams.bg_color) colorScheme = isDark(themeParams.bg_color) ? "dark" : "light";
    css("color-scheme", colorScheme);
    keep("tgsandbox.theme", { of: initData, colours: themeParams });
  };
  // Another page of the app, or a reload: the colours may have changed since it was opened.
  const last = kept("tgsandbox.theme");
  if (given.tgWebAppThemeParams) dress(parsed(new URLSearchParams({ theme: given.tgWebAppThemeParams })).theme);
  if (last.of === initData) dress(last.colours);

  let isActive = true;
  let isExpanded = true;
  let height = null;
  let stableHeight = null;
  const measure = (stable) => {
    css("viewport-height", height ? `${height}px` : "100vh");
    if (stable) css("viewport-stable-height", stableHeight ? `${stableHeight}px` : "100vh");
  };
  measure(true);
  window.addEventListener("resize", () => height === null && tell("viewportChanged", { isStateStable: true }));

  const insets = { "safe-area-inset": {}, "content-safe-area-inset": {} };
  const inset = (name, data) => {
    for (const side of ["top", "bottom", "left", "right"]) {
      insets[name][side] = Number(data[side]) || 0;
      css(`${name}-${side}`, `${insets[name][side]}px`);
    }
  };
  inset("safe-area-inset", {});
  inset("content-safe-area-inset", {});

  Object.assign(received, {
    theme_changed({ theme_params }) {
      dress(theme_params);
      tell("themeChanged");
      for (const each of [mainButton, secondaryButton]) each.sync();
    },
    viewport_changed(data) {
      isExpanded = Boolean(data.is_expanded);
      height = data.height;
      if (data.is_state_stable) stableHeight = height;
      measure(data.is_state_stable);
      tell("viewportChanged", { isStateStable: Boolean(data.is_state_stable) });
    },
    safe_area_changed(data) {
      inset("safe-area-inset", data);
      tell("safeAreaChanged");
    },
    content_safe_area_changed(data) {
      inset("content-safe-area-inset", data);
      tell("contentSafeAreaChanged");
    },
    visibility_changed({ is_visible }) {
      isActive = Boolean(is_visible);
      tell(isActive ? "activated" : "deactivated");
    },
  });

  const surfaces = { header: "bg_color", background: "bg_color", bottom_bar: "bottom_bar_bg_color" };
  const colourOf = (surface) => themeParams[surfaces[surface]] ?? hex(surfaces[surface]) ?? themeParams.bg_color;
  const tint = (surface, wanted) => {
    const key = ["bg_color", "secondary_bg_color", "bottom_bar_bg_color"].includes(wanted) ? wanted : null;
    const colour = key ?? hex(wanted);
    if (!colour) wrong(`${{ header: "Header", background: "Background", bottom_bar: "BottomBar" }[surface]}ColorInvalid`, `${wanted} is no colour`);
    if (surfaces[surface] === colour) return;
    surfaces[surface] = colour;
    post(`set_${surface}_color`, key ? { color_key: key } : { color: colour });
  };

  // --- buttons

  const FIELDS = { text: "text", color: "color", textColor: "text_color", isVisible: "is_visible", isActive: "is_active", hasShineEffect: "has_shine_effect", position: "position" };
  const bottomButton = (type, text, defaults) => {
    let state = { text, is_visible: false, is_active: true, is_progress_visible: false, has_shine_effect: false };
    if (type === "secondary") state.position = "left";
    let sent = '{"is_visible":false}';
    const progress = (visible, active) => {
      state = { ...state, is_progress_visible: visible, is_active: active };
      return button.sync();
    };
    const button = {
      type,
      get isProgressVisible() { return state.is_progress_visible; },
      setText: (text) => button.setParams({ text }),
      show: () => button.setParams({ is_visible: true }),
      hide: () => button.setParams({ is_visible: false }),
      enable: () => button.setParams({ is_active: true }),
      disable: () => button.setParams({ is_active: false }),
      showProgress: (leaveActive) => progress(true, Boolean(leaveActive)),
      hideProgress: () => progress(false, true),
      onClick: (callback) => (onEvent(`${type}ButtonClicked`, callback), button),
      offClick: (callback) => (offEvent(`${type}ButtonClicked`, callback), button),
      setParams(wanted = {}) {
        const bad = (why) => wrong("BottomButtonParamInvalid", why);
        const next = { ...state };
        for (const [name, value] of Object.entries(wanted)) {
          if (value === undefined) continue;
          if (name === "text") {
            next.text = String(value).trim();
            if (!next.text || next.text.length > 64) bad("A text has 1 to 64 characters");
          } else if (name === "color" || name === "text_color") {
            next[name] = value ? hex(value) : undefined;
            if (next[name] === null) bad(`${value} is no colour`);
          } else if (name === "position") {
            if (!state.position || !["left", "right", "top", "bottom"].includes(value)) bad(`${value} is no position of the ${type} button`);
            next.position = value;
          } else if (typeof state[name] === "boolean") {
            next[name] = Boolean(value);
          }
        }
        state = next;
        return button.sync();
      },
      sync() {
        const { is_visible, is_active, is_progress_visible, has_shine_effect } = state;
        const shine = has_shine_effect && is_active && !is_progress_visible;
        const shown = is_visible ? { ...defaults(), ...JSON.parse(JSON.stringify(state)), has_shine_effect: shine } : { is_visible };
        if (JSON.stringify(shown) !== sent) post(`setup_${type}_button`, shown);
        sent = JSON.stringify(shown);
        return button;
      },
    };
    for (const [name, field] of Object.entries(FIELDS)) {
      const get = () => state[field] ?? defaults()[field];
      Object.defineProperty(button, name, { get, set: (value) => button.setParams({ [field]: value }), enumerable: true });
    }
    received[`${type}_button_pressed`] = () => state.is_active && tell(`${type}ButtonClicked`);
    return button;
  };

  const accent = () => themeParams.button_color ?? "#2481cc";
  const mainButton = bottomButton("main", "Continue", () => ({ color: accent(), text_color: themeParams.button_text_color ?? "#ffffff" }));
  const secondaryButton = bottomButton("secondary", "Cancel", () => ({ color: colourOf("bottom_bar") ?? "#ffffff", text_color: accent() }));

  const headButton = (type) => {
    let visible = false;
    const show = (wanted) => {
      if (visible === Boolean(wanted)) return button;
      visible = Boolean(wanted);
      post(`setup_${type}_button`, { is_visible: visible });
      return button;
    };
    const button = {
      get isVisible() { return visible; },
      set isVisible(wanted) { show(wanted); },
      show: () => show(true),
      hide: () => show(false),
      onClick: (callback) => (onEvent(`${type}ButtonClicked`, callback), button),
      offClick: (callback) => (offEvent(`${type}ButtonClicked`, callback), button),
    };
    received[`${type}_button_pressed`] = () => tell(`${type}ButtonClicked`);
    return button;
  };

  const haptic = (type, more, known) => {
    const [style] = Object.values(more);
    if (known && !known.includes(style)) wrong("HapticFeedbackTypeInvalid", `${style} is no haptic feedback`);
    post("trigger_haptic_feedback", { type, ...more });
    return HapticFeedback;
  };
  const HapticFeedback = {
    impactOccurred: (impact_style) => haptic("impact", { impact_style }, ["light", "medium", "heavy", "rigid", "soft"]),
    notificationOccurred: (notification_type) => haptic("notification", { notification_type }, ["error", "success", "warning"]),
    selectionChanged: () => haptic("selection_change", {}),
  };

  // --- questions: one of a kind at a time, and its answer

  const waiting = {};
  const ask = (kind, taken, callback) => {
    if (waiting[kind]) wrong(taken, `${kind} has not been answered yet`);
    waiting[kind] = { callback };
  };
  const answered = (kind) => {
    const found = waiting[kind];
    delete waiting[kind];
    return found;
  };

  const requests = {};
  const request = (callback) => {
    const id = Math.random().toString(36).slice(2);
    requests[id] = callback;
    return id;
  };
  received.custom_method_invoked = ({ req_id, result, error }) => {
    const callback = requests[req_id];
    delete requests[req_id];
    callback?.(error ?? null, result ?? null);
  };
  const invoke = (method, asked, callback) => {
    if (!inside) return void setTimeout(() => callback?.("UNSUPPORTED", null));
    post("invoke_custom_method", { req_id: request(callback), method, params: asked });
  };

  const checkedKey = (key, callback) => {
    if (/^[A-Za-z0-9_-]{1,128}$/.test(key)) return true;
    callback?.("KEY_INVALID");
    return false;
  };
  const withKeys = (method, keys, callback) => {
    if (keys.every((key) => checkedKey(key, callback))) invoke(method, { keys }, callback);
    return CloudStorage;
  };
  const CloudStorage = {
    setItem(key, value, callback) {
      if (!checkedKey(key, callback)) return CloudStorage;
      if (typeof value !== "string" || value.length > 4096) callback?.("VALUE_INVALID");
      else invoke("saveStorageValue", { key, value }, callback);
      return CloudStorage;
    },
    getItem(key, callback) {
      return CloudStorage.getItems([key], callback && ((error, values) => (error ? callback(error) : callback(null, values[key]))));
    },
    getItems: (keys, callback) => withKeys("getStorageValues", keys, callback),
    removeItem: (key, callback) => CloudStorage.removeItems([key], callback),
    removeItems: (keys, callback) => withKeys("deleteStorageValues", keys, callback),
    getKeys(callback) {
      invoke("getStorageKeys", {}, callback);
      return CloudStorage;
    },
  };

  const checkedPopup = ({ title, message, buttons } = {}) => {
    const bad = (why) => wrong("PopupParamInvalid", why);
    const popup = { message: String(message ?? "").trim() };
    if (title !== undefined) popup.title = String(title).trim();
    if (popup.title?.length > 64) bad("A title has 64 characters at most");
    if (!popup.message || popup.message.length > 256) bad("A message has 1 to 256 characters");
    if (buttons !== undefined && (!Array.isArray(buttons) || buttons.length < 1 || buttons.length > 3)) bad("A popup has 1 to 3 buttons");
    popup.buttons = (buttons ?? [{ type: "close" }]).map(({ id = "", type = "default", text }) => {
      if (String(id).length > 64) bad("An id has 64 characters at most");
      if (!["default", "destructive", "ok", "close", "cancel"].includes(type)) bad(`${type} is no type of a button`);
      if (!["default", "destructive"].includes(type)) return { id: String(id), type };
      const said = String(text ?? "").trim();
      if (!said || said.length > 64) bad("A text has 1 to 64 characters");
      return { id: String(id), type, text: said };
    });
    return popup;
  };
  const showPopup = (asked, callback) => {
    const popup = checkedPopup(asked);
    if (!inside) {
      const agreed = popup.buttons.length > 1 ? window.confirm(popup.message) : window.alert(popup.message) ?? true;
      return void callback?.(agreed ? popup.buttons[0].id : null);
    }
    ask("popup", "PopupOpened", callback);
    post("open_popup", popup);
  };
  received.popup_closed = ({ button_id = null }) => {
    answered("popup")?.callback?.(button_id);
    tell("popupClosed", { button_id });
  };

  const openInvoice = (url, callback) => {
    const [, slug] = /^(?:https?:\/\/)?(?:t|telegram)\.me\/(?:\$|%24|invoice\/)([\w-]+)/.exec(String(url)) ?? [];
    if (!slug) wrong("InvoiceUrlInvalid", `${url} is no link of an invoice`);
    if (!inside) return void setTimeout(() => callback?.("failed"));
    ask(slug, "InvoiceOpened", callback);
    waiting[slug].url = url;
    post("open_invoice", { slug });
  };
  received.invoice_closed = ({ slug, status }) => {
    const found = answered(slug);
    if (!found) return;
    found.callback?.(status);
    tell("invoiceClosed", { url: found.url, status });
  };

  const address = (url) => {
    try {
      const found = new URL(url, location.href);
      if (/^https?:$/.test(found.protocol)) return found;
    } catch {
      // Told below.
    }
    return wrong("TgUrlInvalid", `${url} is no link`);
  };
  const openLink = (url, { try_instant_view } = {}) => {
    const { href } = address(url);
    if (!inside) return void window.open(href, "_blank");
    post("open_link", { url: href, ...(try_instant_view && { try_instant_view: true }) });
  };
  const openTelegramLink = (url) => {
    const found = address(url);
    if (!/^(t|telegram)\.me$/.test(found.hostname)) wrong("TgUrlInvalid", `${url} is no link to Telegram`);
    if (inside) post("open_tg_link", { path_full: found.pathname + found.search });
    else window.open(found.href, "_blank");
  };

  const showScanQrPopup = ({ text } = {}, callback) => {
    if (String(text ?? "").length > 64) wrong("ScanQrPopupParamInvalid", "A text has 64 characters at most");
    if (!inside) return;
    ask("scan", "ScanQrPopupOpened", callback);
    post("open_scan_qr_popup", text ? { text: String(text) } : {});
  };
  const closeScanQrPopup = () => {
    if (answered("scan")) post("close_scan_qr_popup");
  };
  received.qr_text_received = ({ data = null }) => {
    if (!waiting.scan) return;
    const enough = waiting.scan.callback?.(data);
    tell("qrTextReceived", { data });
    if (enough) closeScanQrPopup();
  };
  received.scan_qr_popup_closed = () => {
    delete waiting.scan;
    tell("scanQrPopupClosed");
  };

  const readTextFromClipboard = (callback) => {
    if (!inside) return void setTimeout(() => callback?.(null));
    post("read_text_from_clipboard", { req_id: request((_, data) => callback?.(data)) });
  };
  received.clipboard_text_received = ({ req_id, data = null }) => {
    if (!requests[req_id]) return;
    received.custom_method_invoked({ req_id, result: data });
    tell("clipboardTextReceived", { data });
  };

  const requestWriteAccess = (callback) => {
    if (!inside) return void setTimeout(() => callback?.(false));
    ask("writing", "WriteAccessRequested", callback);
    post("request_write_access");
  };
  received.write_access_requested = ({ status }) => {
    const found = answered("writing");
    if (!found) return;
    found.callback?.(status === "allowed");
    tell("writeAccessRequested", { status });
  };

  const requestContact = (callback) => {
    if (!inside) return void setTimeout(() => callback?.(false, { status: "cancelled" }));
    ask("contact", "ContactRequested", callback);
    post("request_phone");
  };
  received.phone_requested = ({ status }) => {
    const found = answered("contact");
    if (!found) return;
    const done = (response) => {
      const event = { status, ...(response && { response, responseUnsafe: parsed(response) }) };
      found.callback?.(status === "sent", event);
      tell("contactRequested", event);
    };
    if (status !== "sent") return done();
    const until = Date.now() + 3000;
    const look = () =>
      invoke("getRequestedContact", {}, (_, response) => {
        if (response || Date.now() > until) done(response);
        else setTimeout(look, 100);
      });
    look();
  };

  // --- the rest

  const sendData = (data) => {
    if (!data || new TextEncoder().encode(data).length > 4096) wrong("DataInvalid", "sendData takes 1 to 4096 bytes");
    post("data_send", { data });
  };
  const switchInlineQuery = (query = "", types = []) => {
    if (inside && params.tgWebAppBotInline !== "1") wrong("InlineModeDisabled", "The bot has no inline mode");
    const known = ["users", "bots", "groups", "channels"];
    if (!Array.isArray(types) || types.some((each) => !known.includes(each))) wrong("InlineChooseChatTypesInvalid", "Chats are users, bots, groups, channels");
    if (String(query).length > 256) wrong("InlineQueryInvalid", "A query has 256 characters at most");
    post("switch_inline_query", { query: String(query).trim(), chat_types: types });
  };

  let confirmsClosing = false;
  const confirmClosing = (wanted) => {
    confirmsClosing = Boolean(wanted);
    post("setup_closing_behavior", { need_confirmation: confirmsClosing });
  };
  let swipes = true;
  const swipe = (wanted) => {
    swipes = Boolean(wanted);
    post("setup_swipe_behavior", { allow_vertical_swipe: swipes });
  };

  // What only some clients have: asked for, and answered by an event of the name, or of the name here.
  const locked = (wanted) => () => ({ locked: wanted });
  const errands = {
    requestFullscreen: ["request_fullscreen"],
    exitFullscreen: ["exit_fullscreen"],
    lockOrientation: ["toggle_orientation_lock", locked(true)],
    unlockOrientation: ["toggle_orientation_lock", locked(false)],
    addToHomeScreen: ["add_to_home_screen"],
    checkHomeScreenStatus: ["check_home_screen", null, "home_screen_checked", ({ status }) => status],
    shareToStory: ["share_to_story", (media_url, more) => ({ media_url, ...more })],
    shareMessage: ["send_prepared_message", (id) => ({ id }), "prepared_message_failed", () => false],
    downloadFile: ["request_file_download", ({ url, file_name }) => ({ url, filename: file_name }), "file_download_requested", ({ status }) => status === "downloading"],
  };

  const WebApp = {
    get initData() { return initData; },
    get initDataUnsafe() { return initDataUnsafe; },
    get version() { return version; },
    get platform() { return platform; },
    get colorScheme() { return colorScheme; },
    get themeParams() { return themeParams; },
    get isExpanded() { return isExpanded; },
    get viewportHeight() { return height ?? window.innerHeight; },
    get viewportStableHeight() { return stableHeight ?? window.innerHeight; },
    get isActive() { return isActive; },
    get isFullscreen() { return false; },
    get isOrientationLocked() { return false; },
    get safeAreaInset() { return insets["safe-area-inset"]; },
    get contentSafeAreaInset() { return insets["content-safe-area-inset"]; },
    get isClosingConfirmationEnabled() { return confirmsClosing; },
    set isClosingConfirmationEnabled(wanted) { confirmClosing(wanted); },
    get isVerticalSwipesEnabled() { return swipes; },
    set isVerticalSwipesEnabled(wanted) { swipe(wanted); },
    MainButton: mainButton,
    SecondaryButton: secondaryButton,
    BackButton: headButton("back"),
    SettingsButton: headButton("settings"),
    HapticFeedback,
    CloudStorage,
    isVersionAtLeast,
    onEvent,
    offEvent,
    ready: () => post("ready"),
    expand: () => post("expand"),
    close: ({ return_back } = {}) => post("close", return_back ? { return_back: true } : undefined),
    sendData,
    switchInlineQuery,
    openLink,
    openTelegramLink,
    openInvoice,
    showPopup,
    showAlert: (message, callback) => showPopup({ message }, callback && (() => callback())),
    showConfirm: (message, callback) =>
      showPopup({ message, buttons: [{ type: "ok", id: "ok" }, { type: "cancel" }] }, callback && ((id) => callback(id === "ok"))),
    showScanQrPopup,
    closeScanQrPopup,
    readTextFromClipboard,
    requestWriteAccess,
    requestContact,
    invokeCustomMethod: invoke,
    enableClosingConfirmation: () => confirmClosing(true),
    disableClosingConfirmation: () => confirmClosing(false),
    enableVerticalSwipes: () => swipe(true),
    disableVerticalSwipes: () => swipe(false),
    hideKeyboard: () => (inside ? post("hide_keyboard") : document.activeElement?.blur()),
  };
  for (const [name, surface] of [["header", "header"], ["background", "background"], ["bottomBar", "bottom_bar"]]) {
    const set = (wanted) => tint(surface, wanted);
    Object.defineProperty(WebApp, `${name}Color`, { get: () => colourOf(surface), set, enumerable: true });
    WebApp[`set${name[0].toUpperCase()}${name.slice(1)}Color`] = set;
  }
  for (const [name, [event, data, answer, read]] of Object.entries(errands)) {
    WebApp[name] = (...args) => {
      waiting[name] = { callback: args.find((each) => typeof each === "function") };
      post(event, data?.(...args));
    };
    if (!answer) continue;
    received[answer] = (found) => {
      answered(name)?.callback?.(read(found));
      tell(answer === "prepared_message_failed" ? "shareMessageFailed" : camel(answer), found);
    };
  }

  const WebView = { initParams: params, isIframe: framed, onEvent: (name, callback) => onEvent(`webview:${name}`, callback), receiveEvent: receive };
  window.Telegram = Object.assign(window.Telegram ?? {}, { WebApp, WebView });

  if (framed) post("iframe_ready", { reload_supported: true });
  for (const each of ["theme", "viewport", "safe_area", "content_safe_area"]) post(`request_${each}`);
})();
