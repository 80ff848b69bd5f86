// Amounts, counts and moments, as people who speak the language write them.

const NBSP = "\u00a0";
const SIGNS = { EUR: "€", GBP: "£", KZT: "₸", RUB: "₽", USD: "$" };
const POINT = { ru: ",", uz: ",", en: "." };
const GROUP = { ru: NBSP, uz: NBSP, en: "," };
const LOCALES = { ru: "ru-RU", uz: "uz-Latn-UZ", en: "en-GB" };

export const number = (value, lang) => {
  const [whole, part] = String(Math.abs(value)).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, GROUP[lang]);
  return `${value < 0 ? "−" : ""}${grouped}${part ? POINT[lang] + part : ""}`;
};

/** `money("5.00", "USD", "ru")` is $5: hundredths are shown where there are some, and then both. */
export const money = (amount, currency, lang) => shown(String(amount).replace(/\.(\d)$/, ".$10"), currency, lang);

function shown(text, currency, lang) {
  const [whole, decimals = ""] = text.split(".");
  const idle = /^0*$/.test(decimals);
  const dollars = currency === "USD";
  const sum = number(Number(whole), lang) + (idle ? "" : (dollars ? "." : POINT[lang]) + decimals);
  if (dollars || (lang === "en" && SIGNS[currency])) return SIGNS[currency] + sum;
  const unit = currency === "UZS" ? { ru: "сум", uz: "soʻm", en: "UZS" }[lang] : currency === "XTR" ? "⭐" : SIGNS[currency] ?? currency;
  return sum + NBSP + unit;
}

/** What one token comes to, to three figures that matter. */
export function each(amount, count, currency, lang) {
  const one = Number(amount) / count;
  const digits = one >= 100 ? 0 : one >= 1 ? 2 : Math.min(6, 2 - Math.floor(Math.log10(one)));
  const text = one.toFixed(digits);
  return shown(text.includes(".") ? text.replace(/\.?0+$/, "") : text, currency, lang);
}

const rules = {};
/** One of `forms` by the language's own rules: {one, few, many, other}. */
export const plural = (count, forms, lang) =>
  forms[(rules[lang] ??= new Intl.PluralRules(lang)).select(Math.abs(count))] ?? forms.other;

const MONTHS = { uz: "yan fev mar apr may iyun iyul avg sen okt noy dek".split(" ") };

/** A day, as in a list of days; the year where it is not this one. */
export function day(at, lang, words, now = new Date()) {
  const date = new Date(at);
  const days = Math.round((start(now) - start(date)) / 864e5);
  if (days === 0) return words.today;
  if (days === 1) return words.yesterday;
  const year = date.getFullYear() === now.getFullYear() ? "" : ` ${date.getFullYear()}`;
  if (MONTHS[lang]) return `${date.getDate()}-${MONTHS[lang][date.getMonth()]}${year}`; // browsers know little Uzbek
  return date.toLocaleDateString(LOCALES[lang], { day: "numeric", month: "long" }) + year;
}

const start = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();

export const time = (at) => {
  const date = new Date(at);
  return `${String(date.getHours()).padStart(2, "0")}:${String(date.getMinutes()).padStart(2, "0")}`;
};

/** 14:59, or 2:05:00. */
export const left = (seconds) => {
  const parts = [Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60].map((part) => String(part).padStart(2, "0"));
  const hours = Math.floor(seconds / 3600);
  return `${hours ? `${hours}:` : ""}${parts.join(":")}`;
};
