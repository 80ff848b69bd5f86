"""What may stand in a setting.

What may not is told as "must be" and the field's description, or in the words of a Wrong. Neither
repeats the value: it may be a secret gone astray.
"""

import re
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator as After
from pydantic import BeforeValidator as Before
from pydantic import Field

from kassa.money import EXPONENTS
from kassa.secret import Secret


class Wrong(ValueError):
    """Says more than the field's description does."""


class Absent(str):
    """Stands where kassa.toml says "env:NAME" and there is no variable NAME."""


def plain(value: object) -> object:
    """Simple values of TOML become texts, as in the other sources; texts are trimmed."""
    if isinstance(value, Absent):
        raise Wrong(f"asks for the environment variable {value}, which is not set")
    if isinstance(value, bool | int | float):
        value = str(value)
    if isinstance(value, str):
        value = value.strip()
        if not value.isprintable():
            raise Wrong("contains a control or invisible character; type it anew")
    return value


def _app_names(value: object) -> object:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise ValueError
    names = [name for part in parts if (name := plain(part))]
    if not names or not all(re.fullmatch("[a-z][a-z0-9_-]*", str(name)) for name in names):
        raise ValueError
    return tuple(dict.fromkeys(names))


def _listed(value: object) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise ValueError
    return tuple(dict.fromkeys(str(part) for each in parts if (part := plain(each))))


def _networks(value: object) -> object:
    return tuple(str(ip_network(each)) for each in _listed(value))


def _currencies(value: object) -> object:
    found = tuple(each.upper() for each in _listed(value))
    if not set(found) <= EXPONENTS.keys():
        raise ValueError
    return found


def _people(value: object) -> object:
    found = _listed(value)
    if any(each.startswith("-") for each in found):
        raise Wrong("names a group; write the numbers of people, which have no minus")
    if not all(re.fullmatch("[1-9][0-9]{0,15}", each) for each in found):
        raise ValueError
    return tuple(int(each) for each in found)


def _provider_tokens(value: object) -> object:
    """`RUB=123:TEST:456,USD=…`, or a table."""
    if isinstance(value, Mapping):
        if all(isinstance(each, Secret) for each in value.values()):
            return value
        pairs = [(str(key), str(plain(each))) for key, each in value.items()]
    else:
        pairs = [(key, token) for each in _listed(value) for key, _, token in [each.partition("=")]]
    found = {key.strip().upper(): token.strip() for key, token in pairs}
    if len(found) < len(pairs) or not all(
        re.fullmatch(r"[!-~]{5,}", each) for each in found.values()
    ):
        raise ValueError
    if not found.keys() <= EXPONENTS.keys() or "XTR" in found:
        raise Wrong("names a currency that is not one of money; write RUB=token")
    return found


def _like(pattern: str) -> After:
    def matching(value: Secret) -> Secret:
        if not re.fullmatch(pattern, value.reveal()):
            raise ValueError
        return value

    return After(matching)


def _url(text: str) -> str:
    url = urlsplit(text)
    if url.scheme not in {"http", "https"} or not url.hostname or url.port == 0 or " " in text:
        raise ValueError
    if "@" in url.netloc:
        raise Wrong("must not hold a user or password; write https://example.com")
    return text


def _base_url(text: str) -> str:
    if re.search("[?#]", _url(text)):
        raise Wrong("must end with the path, without ? and #")
    return text.rstrip("/")


def _webhook_url(text: str) -> str:
    url = urlsplit(_url(text))
    loopback = re.fullmatch(r"(.+\.)?localhost|127(\.[0-9]+){3}|::1", url.hostname or "")
    if url.scheme != "https" and not loopback:
        raise Wrong("must begin with https://, since Telegram calls nothing else")
    return text


def expanded(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:
        raise Wrong("is in a home folder that does not exist; write it in full") from None


def says(text: str) -> Any:
    return Field(description=text)


LOWER = Before(lambda value: str(value).lower())
Apps = Annotated[
    tuple[str, ...],
    Before(_app_names),
    says("names of apps with commas between, such as tokens,shop"),
]
BaseUrl = Annotated[str, After(_base_url), says("a URL such as https://example.com")]
Url = Annotated[str, After(_url), says("a URL such as https://example.com/path")]
WebhookUrl = Annotated[str, After(_webhook_url), says("a URL such as https://example.com/path")]
AnySecret = Annotated[Secret, says("a text in quotes")]
BotToken = Annotated[
    Secret,
    _like("[0-9]+:[A-Za-z0-9_-]{5,}"),
    says("a token from @BotFather, such as 123456:TEST-TOKEN"),
]
DatabaseUrl = Annotated[
    Secret,
    _like(r"postgres(ql)?://\S+"),
    says("such as postgresql://user:password@host:5432/database"),
]
Networks = Annotated[
    tuple[str, ...],
    Before(_networks),
    says("addresses or networks with commas between, such as 127.0.0.1,10.0.0.0/8"),
]
Currencies = Annotated[
    tuple[str, ...], Before(_currencies), says("currencies with commas between, such as USD,EUR")
]
People = Annotated[
    tuple[int, ...],
    Before(_people),
    says("people's numbers at Telegram with commas between, such as 123456789,987654321"),
]
ProviderTokens = Annotated[
    Mapping[str, Secret],
    Before(_provider_tokens),
    says("currencies and tokens from @BotFather, such as RUB=123456:TEST:1,USD=123456:TEST:2"),
]
LogStyle = Annotated[Literal["auto", "text", "json"], LOWER, says("auto, text or json")]
LogLevel = Annotated[
    Literal["debug", "info", "warning", "error", "critical"],
    LOWER,
    says("debug, info, warning, error or critical"),
]
