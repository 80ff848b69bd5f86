"""What an app offers in a bot's menu."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MenuItem:
    """`text` names the label among the app's texts. One of: a command, a button's data, a page of
    the Mini App (a path), an address."""

    text: str
    command: str = ""
    data: str = ""
    page: str = ""
    url: str = ""
