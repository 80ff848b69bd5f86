// Languages. Each module brings its own words: `const t = texts({ru: {...}, uz: {...}, en: {...}})`.

const KNOWN = ["ru", "uz", "en"];
let language = KNOWN.find((each) => navigator.language.startsWith(each)) ?? "en";

export function speak(wanted) {
  language = KNOWN.includes(wanted) ? wanted : "en";
  document.documentElement.lang = language;
}

export const spoken = () => language;

/** t("key", {name}) with {name} put in; a list of forms is chosen from by `n` as the language counts. */
export function texts(words) {
  return (key, values = {}) => {
    let found = words[language]?.[key] ?? words.en[key] ?? key;
    if (Array.isArray(found)) {
      const forms = ["one", "few", "many", "other"];
      const form = new Intl.PluralRules(language).select(values.n);
      found = found[Math.min(forms.indexOf(form), found.length - 1)];
    }
    return found.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
  };
}

const day = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();

export function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

const dates = texts({
  ru: { today: "Сегодня", yesterday: "Вчера" },
  uz: { today: "Bugun", yesterday: "Kecha" },
  en: { today: "Today", yesterday: "Yesterday" },
});

/** A day, as it stands between messages. `now` is the sandbox's time, in seconds. */
export function dayName(seconds, now) {
  const date = new Date(seconds * 1000);
  const ago = Math.round((day(new Date(now * 1000)) - day(date)) / 86_400_000);
  if (ago === 0) return dates("today");
  if (ago === 1) return dates("yesterday");
  const year = ago > 300 ? "numeric" : undefined;
  return date.toLocaleDateString(language, { day: "numeric", month: "long", year });
}

/** An amount in minor units as people write it. */
export function money(amount, currency, exponent = 2) {
  if (currency === "XTR") return `⭐ ${amount.toLocaleString(language)}`;
  const digits = { minimumFractionDigits: exponent, maximumFractionDigits: exponent };
  const value = amount / 10 ** exponent;
  try {
    return value.toLocaleString(language, { style: "currency", currency, ...digits });
  } catch {
    return `${value.toLocaleString(language, digits)} ${currency}`;
  }
}

export function fileSize(bytes) {
  const units = ["B", "KB", "MB", "GB"];
  let at = 0;
  while (bytes >= 1024 && at < 3) {
    bytes /= 1024;
    at += 1;
  }
  return `${bytes.toLocaleString(language, { maximumFractionDigits: 1 })} ${units[at]}`;
}

export function duration(seconds) {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
