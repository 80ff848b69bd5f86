"""Links into the bot that people send to each other."""

from urllib.parse import quote


def link(home: str, payload: str) -> str:
    """`home` is the bot's chat, as payments.home has it."""
    return f"{home}?start={payload}"


def address(link: str, words: str) -> str:
    """Where Telegram asks to whom the link is to be sent, with these words."""
    return f"https://t.me/share/url?url={quote(link, safe='')}&text={quote(words, safe='')}"
