// Telegram around us: its buttons, links and vibrations, or our own where there are none.
// Its script comes when it comes (or never, where its site is blocked): nothing waits for it.

import { dress } from "./theme.js";

const PATIENCE = 1500; // ms for the script, until we show a button of our own

const { params, theme } = globalThis.kassa;

let app; // window.Telegram.WebApp, once it is there
let ours = !params.tgWebAppVersion; // our own button instead of Telegram's
const bar = document.getElementById("bar");
const own = bar?.querySelector("button");

export function begin({ onreturn }) {
  dress(theme);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => (dress(app?.themeParams?.bg_color ? app.themeParams : theme), paint()));
  document.addEventListener("visibilitychange", () => document.hidden || onreturn());
  window.addEventListener("focus", onreturn);
  own.addEventListener("click", press);
  if (!params.tgWebAppVersion) return;
  const script = document.getElementById("telegram");
  const attach = () => window.Telegram?.WebApp?.initData !== undefined && !app && attached(onreturn);
  attach();
  script.addEventListener("load", attach);
  const without = () => {
    if (app) return;
    ours = true;
    paint();
    ready();
  };
  script.addEventListener("error", () => {
    const other = document.createElement("script");
    other.src = script.dataset.fallback;
    other.addEventListener("load", attach);
    other.addEventListener("error", without);
    document.head.append(other);
  });
  setTimeout(without, PATIENCE);
}

/** What the script would say: the page is there to be seen. */
function ready() {
  if (window.TelegramWebviewProxy) window.TelegramWebviewProxy.postEvent("web_app_ready", "{}");
  else if (window.parent !== window) window.parent.postMessage(JSON.stringify({ eventType: "web_app_ready", eventData: "" }), "*");
}

function attached(onreturn) {
  app = window.Telegram.WebApp;
  ours = false;
  if (app.themeParams?.bg_color) dress(app.themeParams);
  app.onEvent("themeChanged", () => (dress(app.themeParams), frame(), paint()));
  app.onEvent("activated", onreturn);
  app.MainButton.onClick(press);
  app.BackButton.onClick(() => goBack?.());
  frame();
  app.expand();
  app.ready();
  paint();
  back(goBack);
  closing(asks);
}

/** The client's own edges, in the colours of the page. */
function frame() {
  if (!app.isVersionAtLeast("6.1")) return;
  for (const name of ["setHeaderColor", "setBackgroundColor"]) app[name]("secondary_bg_color");
  if (app.isVersionAtLeast("7.10")) app.setBottomBarColor("secondary_bg_color");
}

// --- the one button below

let state = { text: "", run: null, busy: false };

/** What the main button says and does; nothing at all, and it goes. */
export function main(text = "", run = null) {
  state = { text, run, busy: false };
  paint();
}

export function busy(is) {
  state.busy = is;
  paint();
}

const press = () => !state.busy && state.run?.();

function paint() {
  const { text, run, busy: waits } = state;
  bar.hidden = !ours || !text;
  document.body.classList.toggle("has-bar", !bar.hidden);
  own.textContent = text;
  own.disabled = !run;
  own.ariaBusy = String(waits);
  if (ours || !app) return;
  const button = app.MainButton;
  if (!text) return void button.hide();
  const dressed = getComputedStyle(document.documentElement);
  if (waits !== button.isProgressVisible) {
    if (waits) button.showProgress();
    else button.hideProgress(); // makes it active, too
  }
  button.setParams({
    text,
    is_visible: true,
    is_active: Boolean(run) && !waits,
    color: dressed.getPropertyValue("--fill").trim(),
    text_color: dressed.getPropertyValue("--on").trim(),
  });
}

// --- the rest

let goBack = null;
let asks = false;
const since = (version) => app?.isVersionAtLeast(version);

/** Whether Telegram has a back button of its own; where it has not, the view shows one. */
export function back(run) {
  goBack = run;
  if (!since("6.1")) return false;
  if (run) app.BackButton.show();
  else app.BackButton.hide();
  return true;
}

/** Whether closing is to be confirmed. */
export function closing(confirm) {
  asks = confirm;
  if (!since("6.2")) return;
  if (confirm) app.enableClosingConfirmation();
  else app.disableClosingConfirmation();
}

/** "success", "error", "warning", or "tap". */
export function vibrate(kind) {
  if (!since("6.1")) return;
  if (kind === "tap") app.HapticFeedback.selectionChanged();
  else app.HapticFeedback.notificationOccurred(kind);
}

export function openLink(url) {
  if (app && /^https:\/\/(t|telegram)\.me\//.test(url)) openTelegram(url);
  else if (app) app.openLink(url);
  else location.assign(url);
}

/** How the sheet was left: a hint, which says paid too seldom and cancelled too often. */
export const openInvoice = (url) =>
  new Promise((resolve) => {
    if (!since("6.1")) {
      openTelegram(url);
      return resolve("unknown");
    }
    try {
      app.openInvoice(url, resolve);
    } catch {
      openTelegram(url); // a client that never told how its sheet was left does not open another
      resolve("unknown");
    }
  });

export const openTelegram = (url) => (app ? app.openTelegramLink(url) : window.open(url, "_blank", "noopener"));

export const ask = (question) =>
  new Promise((resolve) => {
    if (since("6.2")) app.showConfirm(question, resolve);
    else resolve(window.confirm(question));
  });

export const close = () => (app ? app.close() : location.assign("open"));
