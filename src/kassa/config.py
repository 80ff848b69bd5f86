"""The settings, from the environment, .env and kassa.toml; all that is wrong is told at once."""

import difflib
import os
import secrets
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator as After
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, ValidationInfo
from pydantic import field_validator as check
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from kassa.config_files import read_dotenv, read_toml
from kassa.config_values import (
    LOWER,
    Absent,
    AnySecret,
    Apps,
    BaseUrl,
    BotToken,
    Currencies,
    DatabaseUrl,
    LogLevel,
    LogStyle,
    Networks,
    People,
    ProviderTokens,
    Url,
    WebhookUrl,
    Wrong,
    expanded,
    plain,
    says,
)
from kassa.errors import ConfigError
from kassa.secret import Secret

ENVIRONMENT, DOTENV, TOML, DEFAULT = "environment", ".env", "kassa.toml", "default"


def _number_in(token: Secret | None) -> str:
    """What stands before the colon; a token that is wrong is told of anyway."""
    return token.reveal().partition(":")[0] if token else ""


class BotSettings(BaseModel):
    """A bot and the apps it shows. Without a name it is called by its number."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    _trim = check("*", mode="before")(plain)

    token: BotToken
    apps: Apps
    name: str = Field(
        default_factory=lambda given: _number_in(given.get("token")),
        pattern="^[A-Za-z0-9_-]{1,64}$",
        description="Latin letters, digits, - and _, since it stands in addresses",
    )
    provider_tokens: ProviderTokens = Field(default_factory=dict)

    @property
    def id(self) -> int:
        return int(_number_in(self.token))


def _only_bot(given: dict[str, Any]) -> tuple[BotSettings, ...]:
    token = given["telegram_bot_token"]
    if not token:
        return ()
    tokens = given.get("telegram_provider_tokens", {})
    return (BotSettings(token=token, apps=given["apps"], provider_tokens=tokens),)


def _operator(given: dict[str, Any]) -> tuple[int, ...]:
    """Whose own chat is the operator's; a group's number is nobody's."""
    chat = given["operator_chat_id"]
    return (chat,) if chat > 0 else ()


class Settings(BaseSettings):
    """All settings, checked. A text or secret that is not set is empty, and so false."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=False
    )
    _trim = check("*", mode="before")(plain)
    _sources: dict[str, str] = PrivateAttr(default_factory=dict)

    home: Annotated[Path, After(expanded), says("the path of a folder")] = Field(
        default_factory=lambda: Path(_default_home(os.environ))
    )
    apps: Apps = ("tokens",)
    workers: int = Field(default=1, ge=1, le=64, description="a whole number from 1 to 64")
    log: LogStyle = "auto"
    log_level: LogLevel = "info"
    host: str = Field(
        default="127.0.0.1",
        pattern="^[A-Za-z0-9._:-]+$",
        description="an address such as 127.0.0.1",
    )
    port: int = Field(default=8000, ge=1, le=65535, description="a whole number from 1 to 65535")
    debug: bool = Field(default=False, description="true or false")
    secret_key: AnySecret = Secret()
    public_base_url: BaseUrl = ""
    backend_url: BaseUrl = ""
    database_url: DatabaseUrl = Secret()
    database_owner_url: DatabaseUrl = Secret()
    db_connections: int = Field(
        default=10, ge=2, le=200, description="a whole number from 2 to 200"
    )
    telegram_bot_token: BotToken = Secret()
    telegram_webhook_url: WebhookUrl = ""
    telegram_provider_tokens: ProviderTokens = Field(default_factory=dict)
    telegram_api_url: BaseUrl = "https://api.telegram.org"
    telegram_messages_per_second: int = Field(
        default=30, ge=1, le=10_000, description="a whole number from 1 to 10000"
    )
    support_contact: str = Field(default="", description="such as @shop_support")
    terms_url: Url = ""
    operator_chat_id: int = Field(default=0, description="a chat's number, such as 123456789")
    admin_ids: People = Field(default_factory=_operator)
    terms_version: str = Field(default="", description="a text such as 2026-01")
    trusted_proxies: Networks = ()
    stripe_secret_key: AnySecret = Secret()
    stripe_webhook_secret: AnySecret = Secret()
    stripe_base_url: BaseUrl = "https://api.stripe.com"
    stripe_currencies: Currencies = ("USD", "EUR")
    oneplat_shop_id: str = Field(default="", description="a text in quotes")
    oneplat_shop_secret: AnySecret = Secret()
    oneplat_merchant_id: str = Field(default="", description="a text in quotes")
    oneplat_base_url: BaseUrl = "https://1plat.cash"
    oneplat_callback_url: Url = ""
    oneplat_amount_unit: Annotated[
        Literal["kopecks", "rubles"], LOWER, says("kopecks or rubles")
    ] = "kopecks"
    oneplat_txt: str = Field(default="", description="a text in quotes")
    cryptopay_token: AnySecret = Secret()
    cryptopay_base_url: BaseUrl = "https://pay.crypt.bot"
    cryptopay_assets: Currencies = ("USDT", "TON", "BTC")
    cryptopay_fiat: Currencies = ("USD", "EUR", "RUB")
    yookassa_shop_id: str = Field(default="", description="a text in quotes")
    yookassa_secret_key: AnySecret = Secret()
    yookassa_base_url: BaseUrl = "https://api.yookassa.ru/v3"
    yookassa_receipts: bool = Field(default=False, description="true or false")
    yookassa_vat_code: int = Field(
        default=1, ge=1, le=12, description="a whole number from 1 to 12"
    )
    yookassa_networks: Networks = (
        "185.71.76.0/27",
        "185.71.77.0/27",
        "77.75.153.0/25",
        "77.75.154.128/25",
        "77.75.156.11/32",
        "77.75.156.35/32",
        "2a02:5180::/32",
    )
    remnawave_url: BaseUrl = ""
    remnawave_token: AnySecret = Secret()
    bots: tuple[BotSettings, ...] = Field(
        default_factory=_only_bot,
        description="tables: write [[bot]], and below it token and apps",
    )
    app: Mapping[str, Mapping[str, Any]] = Field(  # what apps want to know, by their names
        default_factory=dict, description="tables: write [app.tokens], and below it its settings"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        *others: Any,
        **more: Any,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is passed: `load` reads, since it must tell what came from where."""
        return (init_settings,)

    @check("secret_key")
    @classmethod
    def _long_enough(cls, key: Secret, info: ValidationInfo) -> Secret:
        if key and len(key.reveal()) < 32 and not info.data.get("debug", True):
            raise Wrong("must have at least 32 characters; leave it out and one is made")
        return key

    @check("bots")
    @classmethod
    def _each_once(
        cls, bots: tuple[BotSettings, ...], info: ValidationInfo
    ) -> tuple[BotSettings, ...]:
        if len({bot.token for bot in bots}) < len(bots):
            raise Wrong("has the same token twice; write each bot once, with all its apps")
        if len({bot.name for bot in bots}) < len(bots):
            raise Wrong("has the same name twice; give each bot its own")
        token = info.data.get("telegram_bot_token")
        if token and all(bot.token != token for bot in bots):
            raise Wrong(
                "leaves out the bot of TELEGRAM_BOT_TOKEN; add it with "
                'token = "env:TELEGRAM_BOT_TOKEN", or unset that variable'
            )
        return bots

    def is_admin(self, telegram_id: int) -> bool:
        return telegram_id in self.admin_ids

    def is_default(self, field: str) -> bool:
        """Whether nobody has said anything of it."""
        return field not in self._sources

    def describe(self) -> list[tuple[str, str, str]]:
        """Each setting's name, its value as it may be shown, and where it came from."""
        rows = [
            (variable, _shown(getattr(self, field)), self._sources.get(field, DEFAULT))
            for field, variable in VARIABLES.items()
        ]
        source = self._sources.get("bots") or self._sources.get("telegram_bot_token", DEFAULT)
        return rows + [
            (f"bot {bot.name}", f"{_shown(bot.apps)}; token ***", source) for bot in self.bots
        ]


def _shown(value: object) -> str:
    if isinstance(value, Secret):
        return "***" if value else ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return ", ".join(f"{each}=***" for each in value)
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


_OURS = {"home", "apps", "workers", "log", "log_level", "db_connections"}
VARIABLES = {
    field: ("KASSA_" if field in _OURS else "") + field.upper()
    for field in Settings.model_fields
    if field not in ("app", "bots")
}


def load(environ: Mapping[str, str] | None = None, folder: Path | None = None) -> Settings:
    """The settings, or a ConfigError with all that is wrong with them."""
    environ = os.environ if environ is None else environ
    folder = (folder or Path.cwd()).absolute()
    problems: list[str] = []
    dotenv = read_dotenv(folder / ".env", problems)
    variables = dotenv | {name: value for name, value in environ.items() if value.strip()}
    file = folder / variables.get("KASSA_CONFIG", "kassa.toml").strip()
    asked: set[str] = set()
    toml = _fill(read_toml(file, problems, "KASSA_CONFIG" in variables), variables, asked)

    given: dict[str, Any] = {"home": _default_home(environ)}
    sources: dict[str, str] = {}
    for source, values in (
        (TOML, _from_toml(toml, problems)),
        (DOTENV, _from_variables(dotenv, DOTENV, asked, problems)),
        (ENVIRONMENT, _from_variables(environ, ENVIRONMENT, asked, problems)),
    ):
        given |= values
        sources |= dict.fromkeys(values, source)
    try:
        settings = Settings(**given)
    except ValidationError as invalid:
        # A default that stands on a wrong setting is not a problem of its own.
        errors = [e for e in invalid.errors() if e["type"] != "default_factory_not_called"]
        problems += [_in_words(error, sources) for error in errors]
    if problems:
        raise ConfigError(problems)
    settings._sources.update(sources)
    beside = file.parent if sources.get("home") == TOML else folder
    return settings.model_copy(update={"home": beside / settings.home})


def _default_home(environ: Mapping[str, str]) -> str:
    if os.geteuid() == 0:  # PostgreSQL then runs as another user, who may not enter /root
        return "/var/lib/kassa"
    data = environ.get("XDG_DATA_HOME", "")
    if not data.startswith("/"):  # as its specification says
        data = f"{environ.get('HOME') or '~'}/.local/share"
    return f"{data}/kassa"


def _fill(value: Any, variables: Mapping[str, str], asked: set[str]) -> Any:
    """What is not set left out, every "env:NAME" replaced, and its NAME added to `asked`."""
    if isinstance(value, dict):
        return {
            key: _fill(item, variables, asked) for key, item in value.items() if str(item).strip()
        }
    if isinstance(value, list):
        return [_fill(item, variables, asked) for item in value]
    if isinstance(value, str) and value.startswith("env:"):
        name = value.removeprefix("env:").strip()
        asked.add(name)
        return variables.get(name, Absent(name))
    return value


def _from_toml(toml: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    known = [*VARIABLES, "app", "bot"]
    problems += [f"{key} ({TOML}): {_unknown(key, known)}" for key in toml if key not in known]
    return {"bots" if key == "bot" else key: toml[key] for key in toml if key in known}


def _from_variables(
    variables: Mapping[str, str], source: str, asked: set[str], problems: list[str]
) -> dict[str, Any]:
    known = VARIABLES.values()
    for name in variables:
        elsewhere = name.startswith(("KASSA_TEST_", "KASSA_BENCH_")) or name in asked
        ours = name.upper().startswith("KASSA_") and name != "KASSA_CONFIG"
        if ours and not elsewhere and name not in known:
            problems.append(f"{name} ({source}): {_unknown(name, known)}")
    given = {field: variables.get(name, "") for field, name in VARIABLES.items()}
    return {field: value for field, value in given.items() if value.strip()}


def _unknown(name: str, known: Iterable[str]) -> str:
    bare = {each.lower().removeprefix("kassa_"): each for each in known}
    close = difflib.get_close_matches(name.lower().removeprefix("kassa_"), bare, n=1)
    return f"is not a setting; did you mean {bare[close[0]]}?" if close else "is not a setting"


def _in_words(error: ErrorDetails, sources: Mapping[str, str]) -> str:
    field, *place = error["loc"]
    source = sources.get(str(field), DEFAULT)
    right = Settings.model_fields[str(field)]
    if field == "bots":
        name = " ".join(["[[bot]]", *(str(p + 1 if isinstance(p, int) else p) for p in place)])
        right = BotSettings.model_fields.get(str(place[-1]), right) if place else right
    else:
        name = str(field) if source == TOML else VARIABLES[str(field)]
    words = f"must be {right.description}"
    if error["type"] == "missing":
        words = f"is missing; it {words}"
    elif error["type"] == "extra_forbidden" and place[-1] in VARIABLES:
        words = "does not belong to a bot; move it above the first [[bot]]"
    elif error["type"] == "extra_forbidden":
        words = _unknown(str(place[-1]), BotSettings.model_fields)
    elif isinstance(cause := error.get("ctx", {}).get("error"), Wrong):
        words = str(cause)
    return f"{name} ({source}): {words}"


def secret_key(settings: Settings) -> Secret:
    """SECRET_KEY, or the one kept in KASSA_HOME, which whoever comes first makes for all."""
    if settings.secret_key:
        return settings.secret_key
    path = settings.home / "secret_key"
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=path.parent) as draft:  # mode 0600
                draft.write(secrets.token_urlsafe(48))
                draft.flush()
                os.fsync(draft.fileno())
                with suppress(FileExistsError):  # a link appears whole, and replaces nobody's
                    path.hardlink_to(draft.name)
        key = path.read_text().strip()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise ConfigError([f"{path}: cannot keep the secret key ({why})"]) from None
    if len(key) < 32:
        raise ConfigError([f"{path}: is damaged; restore it, or delete it and a new one is made"])
    return Secret(key)
