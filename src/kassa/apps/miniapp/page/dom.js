// Elements and drawings: the few parts that everything is made of.

/** An element. Children are nodes or texts, and a text is always shown as text. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") element.className = value;
    else if (name === "style") for (const [key, each] of Object.entries(value)) element.style.setProperty(key, each);
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((each) => each || each === 0));
  return element;
}

const drawn = (box, inside, props = "") => {
  const holder = document.createElement("template");
  holder.innerHTML = `<svg viewBox="${box}" aria-hidden="true" ${props}>${inside}</svg>`; // ours alone, never a person's words
  return holder.content.firstChild;
};

const LINES = {
  card: '<rect x="3" y="6" width="18" height="13" rx="2.5"/><path d="M3 10.500h18M7 15h3"/>',
  sbp: '<path d="M13 2.500L5.5 13.500H12L11 21.5 18.5 10.500H12z"/>',
  qr: '<path d="M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2.500v2.500H14zM19.5 14v3M14 20h2.500M19.5 20v.1"/>',
  crypto: '<path d="M12 2.800l8 4.600v9.200l-8 4.6-8-4.600V7.400z"/><path d="M9 9h6M12 9v7"/>',
  stars: '<path d="M12 3.500l2.6 5.6 6 .8-4.4 4.2 1.1 6.100L12 17.200l-5.3 3 1.1-6.1-4.4-4.2 6-.8z" fill="currentColor"/>',
  phone: '<rect x="7" y="3" width="10" height="18" rx="2.5"/><path d="M11 17.800h2"/>',
  wallet: '<path d="M4 7.500A2.5 2.5 0 016.5 5H17v3M4 7.500V17a2.5 2.5 0 002.5 2.500H20V8H6.500M16 13.800h.1"/>',
  back: '<path d="M15 5l-7 7 7 7"/>',
  check: '<path d="M5 12.500l4.5 4.500L19 7.5"/>',
  chevron: '<path d="M9.5 6l6 6-6 6"/>',
  clock: '<circle cx="12" cy="12" r="8.5"/><path d="M12 7.500V12l3 2"/>',
  copy: '<path d="M9 9h10.500v10.500H9zM15 9V4.500H4.500V15H9"/>',
  cross: '<path d="M6.5 6.500l11 11M17.5 6.500l-11 11"/>',
  down: '<path d="M12 5v14M6 13l6 6 6-6"/>',
  gift: '<path d="M4.5 11h15v9h-15zM3.5 7.500h17V11h-17zM12 7.500V20M12 7.500c-2-4-6-3.5-5-1 .5 1 3 1 5 1zm0 0c2-4 6-3.5 5-1-.5 1-3 1-5 1z"/>',
  undo: '<path d="M8 5L4 9l4 4M4 9h10a5.5 5.5 0 010 11h-4"/>',
  up: '<path d="M12 19V5M6 11l6-6 6 6"/>',
  off: '<path d="M3 3l18 18M8.5 16a5 5 0 017 0M5 12.500a10 10 0 015-2.800M19 12.500a10 10 0 00-5.5-2.900M2 9a15 15 0 014.5-2.900M22 9A15 15 0 0010.5 5M12 19.500v.1"/>',
  link: '<path d="M10 14a4 4 0 005.700.2l3-3a4 4 0 00-5.700-5.700L11.500 7M14 10a4 4 0 00-5.700-.2l-3 3a4 4 0 005.700 5.700L12.500 17"/>',
  repeat: '<path d="M4.500 11V9.500a3 3 0 013-3h11M15.500 3.500l3 3-3 3M19.500 13v1.500a3 3 0 01-3 3h-11M8.500 20.500l-3-3 3-3"/>',
  traffic: '<path d="M8 19V6M4.500 9.500L8 6l3.500 3.500M16 5v13M12.500 14.500L16 18l3.500-3.500"/>',
  plane: '<path d="M21 4L3 11.500l6.5 2.500L12 20.500zM9.5 14L21 4"/>',
};

/** A line drawing in the colour of the text around it. */
export const icon = (name) => drawn("0 0 24 24", LINES[name] ?? LINES.wallet, `class="icon"`);

const SPARK = "M0-5.500L1.5-1.5 5.5 0 1.5 1.5 0 5.5-1.5 1.5-5.5 0-1.5-1.500z";
const disc = (y) =>
  `<g transform="translate(0 ${y})"><path d="M4 0v5c0 3 5.4 5.5 12 5.500S28 8 28 5V0z" fill="#d98a00"/><ellipse cx="16" rx="12" ry="5.5" fill="#ffc94d"/><ellipse cx="16" rx="8.2" ry="3.5" fill="#f5a623"/></g>`;

/** So many coins, one on another. */
export const pile = (count) => {
  const discs = Array.from({ length: count }, (_, at) => disc(26 - at * 5.5)).join("");
  return drawn("2 -2 28 40", discs, `class="pile"`);
};

export const coin = (kind = "coin") =>
  drawn(
    "0 0 32 32",
    `<circle cx="16" cy="16" r="15" fill="#d98a00"/><circle cx="16" cy="15.2" r="14.2" fill="#ffc94d"/><circle cx="16" cy="15.2" r="10.8" fill="#f5a623"/><path d="${SPARK}" transform="translate(16 15.2) scale(1.3)" fill="#fff3cf"/>`,
    `class="${kind}"`,
  );

/** A big round sign of how it went, which draws itself. */
export const sign = (kind) => {
  const inside = { good: '<path d="M22 37l9 9 19-20"/>', bad: '<path d="M26 26l20 20M46 26L26 46"/>', wait: `<circle cx="36" cy="36" r="17" fill="#ffc94d"/><circle cx="36" cy="36" r="12.5" fill="#f5a623"/><path d="${SPARK}" transform="translate(36 36) scale(1.5)" fill="#fff3cf"/>`, late: '<path d="M36 22v15l10 6"/>' }[kind];
  return drawn("0 0 72 72", `<circle class="track" cx="36" cy="36" r="32"/><circle class="ring" cx="36" cy="36" r="32" pathLength="100"/><g class="mark">${inside}</g>`, `class="sign sign-${kind}"`);
};

export { drawn };
