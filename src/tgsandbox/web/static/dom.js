// Elements, icons, dialogs, notices: the few parts that everything is made of.

/** An element. Children are nodes or texts, and a text is always shown as text. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") element.className = value;
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "style") Object.assign(element.style, value);
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((each) => each || each === 0));
  return element;
}

const PATHS = {
  app: "M4 5h16v14H4zM4 9h16",
  back: "M15 5l-7 7 7 7",
  check: "M4 12.5l5 5L20 6.5",
  close: "M6 6l12 12M18 6L6 18",
  code: "M9 7l-5 5 5 5M15 7l5 5-5 5",
  copy: "M9 9h10v10H9zM15 9V5H5v10h4",
  down: "M6 9l6 6 6-6",
  edit: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
  emoji: "M12 3a9 9 0 100 18 9 9 0 000-18zM8.5 14.5c1 1.4 2.200 2 3.500 2s2.500-.6 3.500-2M9 10h.01M15 10h.01",
  file: "M7 3h7l4 4v14H7zM14 3v4h4",
  forward: "M14 6l6 6-6 6v-4c-5 0-8 1.500-10 5 0-6 4-9 10-9z",
  group: "M9 11a3.500 3.500 0 100-7 3.500 3.500 0 000 7zM2.500 20c0-4 3-6 6.500-6s6.500 2 6.500 6zM16 4.500a3.500 3.500 0 010 6.500M18 14.500c2.200.8 3.500 2.600 3.500 5.500h-3",
  keyboard: "M3 6h18v12H3zM7 10h.01M11 10h.01M15 10h.01M8 14h8",
  lock: "M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 017 0v3",
  menu: "M4 7h16M4 12h16M4 17h16",
  mic: "M12 3a3 3 0 00-3 3v5a3 3 0 006 0V6a3 3 0 00-3-3zM5 11a7 7 0 0014 0M12 18v3",
  moon: "M20 14.500A8.500 8.500 0 119.500 4a7 7 0 0010.500 10.500z",
  more: "M12 5h.01M12 12h.01M12 19h.01",
  pause: "M8 5v14M16 5v14",
  pin: "M9 4h6l-1 6 3 3H7l3-3zM12 13v7",
  place: "M12 21c5-5.500 7-8.500 7-11a7 7 0 00-14 0c0 2.500 2 5.500 7 11zM12 12a2 2 0 100-4 2 2 0 000 4z",
  play: "M8 5l11 7-11 7z",
  plus: "M12 5v14M5 12h14",
  reply: "M10 6l-6 6 6 6v-4c5 0 8 1.500 10 5 0-6-4-9-10-9z",
  search: "M11 4a7 7 0 100 14 7 7 0 000-14zM16 16l5 5",
  send: "M4 12l16-8-5 17-3.500-7z",
  star: "M12 3.500l2.600 5.600 6 .8-4.400 4.200 1.100 6.100L12 17.200 6.700 20.200l1.100-6.100L3.400 9.900l6-.8z",
  stop: "M7 7h10v10H7z",
  sun: "M12 8a4 4 0 100 8 4 4 0 000-8zM12 2v2M12 20v2M4 12H2M22 12h-2M5 5l1.500 1.500M17.500 17.500L19 19M19 5l-1.500 1.500M6.500 17.500L5 19",
  trash: "M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13",
  user: "M12 12a4 4 0 100-8 4 4 0 000 8zM4 21c0-4.500 3.500-7 8-7s8 2.500 8 7z",
  attach: "M19 11l-7.500 7.500a4.500 4.500 0 01-6.400-6.400L13 4.300a3 3 0 014.300 4.200L9.700 16a1.500 1.500 0 01-2.100-2.100L14 7.500",
};

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(svg.namespaceURI, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** A round button that shows an icon and says what it does. */
export function iconButton(name, label, onclick, more = {}) {
  const props = { type: "button", "aria-label": label, title: label, onclick, ...more };
  return h("button", { ...props, class: `round ${more.class ?? ""}` }, icon(name));
}

/** A window above the page. `actions` are {text, run, kind}; run may return false to stay. */
export function dialog({ title, content = [], actions = [], onclose, kind = "" }) {
  const element = h(
    "dialog",
    { class: `dialog ${kind}`, "aria-label": title },
    h("h2", {}, title),
    h("div", { class: "dialog-body" }, content),
    actions.length > 0 &&
      h(
        "div",
        { class: "dialog-actions" },
        actions.map(({ text, run, kind: look = "" }) =>
          h(
            "button",
            {
              type: "button",
              class: `text-button ${look}`,
              onclick: async () => {
                if ((await run?.()) !== false) close();
              },
            },
            text,
          ),
        ),
      ),
  );
  const close = () => element.open && element.close();
  element.addEventListener("close", () => {
    element.remove();
    onclose?.();
  });
  element.addEventListener("click", (event) => event.target === element && close());
  document.body.append(element);
  element.showModal();
  return { element, close };
}

/** A small menu at a place; items are {text, icon, run, kind}; `head` is shown above them. */
export function popup(at, items, head) {
  const previous = document.activeElement;
  const element = h(
    "div",
    { class: "popup", role: "menu", popover: "auto" },
    head,
    items.map(({ text, icon: shown, run, kind = "" }) =>
      h(
        "button",
        {
          type: "button",
          role: "menuitem",
          class: kind,
          onclick: () => {
            element.hidePopover();
            run();
          },
        },
        shown && icon(shown),
        text,
      ),
    ),
  );
  element.addEventListener("toggle", (event) => {
    if (event.newState === "closed") {
      element.remove();
      if (document.activeElement === document.body) previous?.focus?.();
    }
  });
  element.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const every = [...element.querySelectorAll("button")];
    const now = every.indexOf(document.activeElement);
    every[(now + step + every.length) % every.length].focus();
  });
  // What is outside a modal dialog cannot be clicked.
  ([...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body).append(element);
  element.showPopover();
  const { width, height } = element.getBoundingClientRect();
  element.style.left = `${Math.max(8, Math.min(at.x, innerWidth - width - 8))}px`;
  element.style.top = `${Math.max(8, Math.min(at.y, innerHeight - height - 8))}px`;
  element.querySelector('[role="menuitem"]')?.focus();
  return element;
}

/** A line that is told and goes by itself, or earlier, when it is removed. */
export function toast(text) {
  let place = document.getElementById("toasts");
  if (!place) {
    place = h("div", { id: "toasts", role: "status", "aria-live": "polite" });
    document.body.append(place);
  }
  if (place.showPopover) {
    place.popover = "manual"; // above dialogs, too
    if (place.matches(":popover-open")) place.hidePopover();
    place.showPopover();
  }
  const line = h("div", { class: "toast" }, text);
  place.append(line);
  setTimeout(() => line.remove(), 3500);
  return line;
}

/** Colour of somebody without a picture, always the same. */
export function avatar(name, id, size = "") {
  const letters = [...name.trim()].filter((each) => /[\p{L}\p{N}]/u.test(each));
  const number = Math.abs(Number(String(id).split(":")[0])) % 7;
  return h("span", { class: `avatar avatar-${number} ${size}`, "aria-hidden": "true" },
    (letters[0] ?? "?").toUpperCase());
}

/** A labelled field of a form. */
export function field(label, props = {}) {
  const { options, ...rest } = props;
  const input = options
    ? h("select", rest, options.map(([value, text]) =>
        h("option", { value, selected: value === rest.value }, text)))
    : h("input", { type: "text", autocomplete: "off", ...rest });
  if (rest.value !== undefined && !options) input.value = rest.value;
  return { input, element: h("label", { class: "field" }, h("span", {}, label), input) };
}
