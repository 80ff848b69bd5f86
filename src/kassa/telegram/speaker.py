"""An app's texts in one person's language: what a handler gets as `t`."""

from html import escape

from kassa.texts import Texts


class Speaker:
    """`t("welcome", name="…")` says it plainly; `t.html(…)` for a message with parse_mode HTML."""

    __slots__ = ("language", "texts")

    def __init__(self, texts: Texts, language: str) -> None:
        self.texts = texts
        self.language = language

    def __call__(self, name: str, /, **args: object) -> str:
        return self.texts.say(self.language, name, **args)

    def html(self, name: str, /, **args: object) -> str:
        """The text's own tags are kept; in what is put into it, nothing is a tag."""
        safe = {key: escape(each) if isinstance(each, str) else each for key, each in args.items()}
        return self.texts.say(self.language, name, **safe)

    def has(self, name: str) -> bool:
        return self.texts.has(name)
