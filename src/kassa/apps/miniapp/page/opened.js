// What the page was opened with. It stands within the page, before everything else: while the
// rest is on its way, the server is asked already, and the language fetched.
{
  const KEPT = "kassa.miniapp";
  const LANGUAGES = ["ru", "uz", "en"];
  const { root, files, api: place, first: path } = document.documentElement.dataset;

  const parsed = (text) => {
    try {
      return JSON.parse(text) ?? {};
    } catch {
      return {};
    }
  };
  const kept = () => {
    try {
      return sessionStorage.getItem(KEPT);
    } catch {
      return null;
    }
  };
  const given = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  const params = given.tgWebAppVersion ? given : parsed(kept());
  try {
    if (given.tgWebAppVersion) sessionStorage.setItem(KEPT, JSON.stringify(given)); // over a reload
  } catch {
    // It lasts as long as the page.
  }

  const initData = params.tgWebAppData ?? "";
  const person = parsed(new URLSearchParams(initData).get("user"));
  const languageOf = (wanted) => LANGUAGES.find((each) => String(wanted ?? "").toLowerCase().startsWith(each)) ?? "ru";
  const language = languageOf(person.language_code ?? navigator.language);
  const wordsIn = (wanted) => import(new URL(`${files}/${wanted}.js`, location.href));
  wordsIn(language).catch(() => {}); // asked for again where they are needed

  const api = new URL(`${root}../${place}`, location.href);
  const first = initData ? fetch(new URL(path, api), { headers: { "X-Telegram-Init-Data": initData, "Accept-Language": language } }) : null;
  first?.catch(() => {});

  globalThis.kassa = { params, theme: parsed(params.tgWebAppThemeParams), initData, person, language, languageOf, wordsIn, api, first };
}
