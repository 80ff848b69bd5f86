// Where a payment page leads back to, mostly in a browser that knows nobody. Within the Mini App
// itself it goes on there: only the server knows how it went.

import { h, sign } from "./dom.js";
import { dress } from "./theme.js";
import { speak, words } from "./words.js";

const { kind } = document.documentElement.dataset;
if (globalThis.kassa.params.tgWebAppVersion) {
  location.replace("./");
} else {
  dress();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => dress());
  await speak(navigator.language);
  document.getElementById("app").replaceChildren(
    h("div", { class: "view ended" },
      sign(kind === "success" ? "good" : "bad"),
      h("h1", {}, words[`back_${kind}`]),
      h("p", { class: "about" }, words[`back_${kind}_about`]),
      h("a", { class: "main-button", href: "open" }, words.back_to),
      h("p", { class: "small" }, words.back_close)));
}
