// Telegram's colours, whatever they are, made readable: a person may have chosen any.

const DAY = { bg: "#ffffff", secondary: "#f1f1f4", text: "#000000", hint: "#707579", button: "#2481cc", on: "#ffffff", bad: "#d9342b" };
const NIGHT = { bg: "#212121", secondary: "#181818", text: "#ffffff", hint: "#aaaaaa", button: "#3a8ed8", on: "#ffffff", bad: "#ff6b62" };

const parse = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
const hex = (parts) => `#${parts.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;
export const mix = (from, to, share) => {
  const [a, b] = [parse(from), parse(to)];
  return hex(a.map((part, at) => part + (b[at] - part) * share));
};
const light = (colour) => {
  const [r, g, b] = parse(colour).map((part) => ((part /= 255) <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
export const contrast = (one, other) => {
  const [a, b] = [light(one), light(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
};

/** The colour, moved towards black or white until it can be read on all of these. */
export function readable(colour, grounds, wanted = 4.6) {
  const worst = (each) => Math.min(...grounds.map((ground) => contrast(each, ground)));
  if (worst(colour) >= wanted) return colour;
  const towards = worst("#000000") > worst("#ffffff") ? "#000000" : "#ffffff";
  for (let share = 0.05; share < 1; share += 0.05) {
    const tried = mix(colour, towards, share);
    if (worst(tried) >= wanted) return tried;
  }
  return towards;
}

const valid = (colour) => (/^#[0-9a-f]{6}$/i.test(colour ?? "") ? colour : undefined);

/** `given` are Telegram's themeParams; what they lack is ours. */
export function dress(given = {}) {
  const dark = given.bg_color ? light(given.bg_color) < 0.2 : matchMedia("(prefers-color-scheme: dark)").matches;
  const ours = dark ? NIGHT : DAY;
  const take = (name, fallback) => valid(given[name]) ?? fallback;
  const text = readable(take("text_color", ours.text), [take("bg_color", ours.bg)], 7);
  let card = take("section_bg_color", take("bg_color", ours.bg));
  let ground = take("secondary_bg_color", ours.secondary);
  if (contrast(card, ground) < 1.03) {
    if (dark) card = mix(ground, "#ffffff", 0.06);
    else [ground, card] = [mix(card, "#000000", 0.05), card];
  }
  const raised = mix(card, text, dark ? 0.08 : 0.05);
  const button = take("button_color", ours.button);
  const chosen = mix(card, button, dark ? 0.2 : 0.1);
  const grounds = [ground, card, chosen, raised];
  const on = take("button_text_color", ours.on);
  const fill = readable(button, [on], 4.6); // what is written on it stays as Telegram has it
  const far = contrast("#ffffff", on) < contrast("#000000", on) ? mix(fill, "#000000", 0.28) : mix(fill, "#ffffff", 0.28);
  const colours = {
    ground, card, raised, chosen, text,
    hint: readable(take("hint_color", ours.hint), grounds),
    accent: readable(take("accent_text_color", button), grounds),
    fill,
    far,
    on,
    bad: readable(take("destructive_text_color", ours.bad), grounds),
    good: readable(dark ? "#4fc36b" : "#1f9d4d", grounds),
    line: mix(card, text, dark ? 0.14 : 0.1),
  };
  const root = document.documentElement;
  for (const [name, colour] of Object.entries(colours)) root.style.setProperty(`--${name}`, colour);
  root.style.colorScheme = dark ? "dark" : "light";
  return colours;
}
