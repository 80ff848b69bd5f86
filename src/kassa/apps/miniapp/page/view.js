// What is shown, one view at a time, and what is told above it.

import { h } from "./dom.js";
import { words } from "./words.js";

const root = document.getElementById("app");
const offline = document.getElementById("offline");

export function show(view, { quietly = false } = {}) {
  root.replaceChildren(view);
  root.ariaBusy = "false";
  if (quietly) return;
  window.scrollTo(0, 0);
  view.querySelector("h1")?.focus({ preventScroll: true });
}

/** Nothing is changed while it is bought; the heading can be read all the same. */
export function still(view, is) {
  view.classList.toggle("waits", is);
  for (const each of view.children) each.inert = is && each.tagName !== "H1";
}

export function connected(is) {
  offline.hidden = is;
  offline.textContent = is ? "" : words.offline;
}

/** To who listens. */
export const said = (text) => (document.getElementById("said").textContent = text);

let alarmed;
export function alarm(text) {
  const box = h("div", { class: "alarm", role: "alert" }, text);
  document.querySelector(".alarm")?.remove();
  document.body.append(box);
  clearTimeout(alarmed);
  alarmed = setTimeout(() => box.remove(), 6000);
}

/** What outlasts a reload, of one person. */
export const keeping = (whose) => {
  const place = (name) => `kassa.${name}.${whose()}`;
  return {
    keep(name, value) {
      try {
        if (value) localStorage.setItem(place(name), JSON.stringify(value));
        else localStorage.removeItem(place(name));
      } catch {
        // Then it lasts as long as the page.
      }
    },
    kept(name) {
      try {
        return JSON.parse(localStorage.getItem(place(name)));
      } catch {
        return null;
      }
    },
  };
};

/** A name for one tap of a button, so that two of them are one. */
export const fresh = () => crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((part) => part.toString(16).padStart(2, "0")).join("");
