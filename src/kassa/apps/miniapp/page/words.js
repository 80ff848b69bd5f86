// What the page says, in the language of the person.

export let lang = "ru";
export let words;

export async function speak(wanted) {
  const { languageOf, wordsIn } = globalThis.kassa;
  const found = languageOf(wanted);
  ({ default: words } = await wordsIn(found));
  lang = found;
  document.documentElement.lang = lang;
  document.title = words.title;
}
