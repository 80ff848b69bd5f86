// The link as a picture for another device, and another link in its place.

import * as api from "./api.js";
import { h, icon } from "./dom.js";
import { ask, vibrate } from "./telegram.js";
import { alarm, said } from "./view.js";
import { copyButton, quiet } from "./waiting.js";
import { words } from "./words.js";

export function code(me, { native, onback, onchanged }) {
  const box = h("button", { type: "button", class: "code", "aria-label": words.code_larger, "aria-expanded": "false", onclick: () => (box.ariaExpanded = String(box.classList.toggle("large"))) });
  const told = h("p", { class: "about", role: "status" }, words.code_about);
  async function draw() {
    try {
      const svg = new DOMParser().parseFromString(await api.qr(), "image/svg+xml").documentElement;
      svg.setAttribute("aria-hidden", "true");
      box.replaceChildren(svg);
    } catch (error) {
      told.textContent = error.message || words.broken_about;
    }
  }
  const anew = quiet(words.new_link, async () => {
    if (anew.disabled || !(await ask(words.new_link_ask))) return;
    anew.disabled = true;
    try {
      const found = await api.link();
      vibrate("success");
      onchanged(found);
      said(words.new_link_done);
    } catch (error) {
      anew.disabled = false;
      alarm(error.message || words.broken_about);
    }
  }, "bad");
  draw();
  return h("div", { class: "view" },
    h("header", { class: "head" },
      !native && h("button", { type: "button", class: "round", "aria-label": words.back, onclick: onback }, icon("back")),
      h("h1", { tabindex: "-1" }, words.code)),
    box, told,
    h("div", { class: "rows" }, h("div", { class: "row" }, h("span", { class: "row-text" }, h("span", { class: "link-text" }, me.link)), copyButton(me.link, words.link))),
    me.new_link && anew);
}
