"""Which apps the settings want, where they are, and what is wrong with them, in words."""

import difflib
import importlib.util
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from kassa import clock
from kassa.apps.models import App
from kassa.config import Settings
from kassa.errors import ConfigError, Invalid
from kassa.outbox.cron import following
from kassa.texts import LANGUAGES, NoSuchText

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

GROUP = "kassa.apps"

# What purposes, jobs and texts of our own begin with.
OURS = frozenset({"kassa", "ledger", "operator", "outbox", "payments", "telegram", "users"})
_TAKEN = OURS | {"wallet"}

_given: ContextVar[tuple[App, ...]] = ContextVar("kassa.apps", default=())


@contextmanager
def given(apps: Sequence[App]) -> Iterator[None]:
    """Within it these are found by their names, before those that are installed: for tests."""
    before = _given.set(tuple(apps))
    try:
        yield
    finally:
        _given.reset(before)


def named(settings: Settings) -> list[str]:
    """The apps that the settings want, with or without a bot. One that is only the default needs
    a bot, and need not be installed."""
    names = [name for bot in settings.bots for name in bot.apps]
    if not settings.is_default("apps"):
        names = names or list(settings.apps)
    elif settings.is_default("bots"):
        known = _installed().keys() | {app.name for app in _given.get()}
        names = [name for name in names if name in known or name not in settings.apps]
    return list(dict.fromkeys(names))


def packages(settings: Settings) -> tuple[str, ...]:
    """Those of the wanted apps that have tables; the apps themselves are not loaded."""
    places = {name: _package(each.module) for name, each in _installed().items()}
    places |= {app.name: app.package for app in _given.get()}
    wanted = [places[name] for name in named(settings) if places.get(name)]
    return tuple(each for each in wanted if _has_tables(each))


def find(names: Sequence[str], *, folder: Path | None = None) -> list[App]:
    """The apps of these names, in their order; or all that is wrong with them, in words."""
    ready = {app.name: app for app in _given.get()}
    installed = _installed()
    problems, found = [], []
    for name in dict.fromkeys(names):
        file = (folder or Path.cwd()) / f"{name.replace('-', '_')}.py"
        if name not in ready and name not in installed and not file.exists():
            there = ", ".join(sorted(installed)) or "none"
            problems.append(
                f"apps (KASSA_APPS): there is no app {name!r}, and no {file.name} here; "
                f"installed are: {there}"
            )
            continue
        try:
            if name in ready:
                app: object = ready[name]
            else:
                app = installed[name].load() if name in installed else _from_file(file)
        except Exception as error:  # noqa: BLE001 (somebody else's code; told in words)
            problems.append(f"apps: {name!r} cannot be loaded: {type(error).__name__}: {error}")
            continue
        if app is None:
            problems.append(f"apps: {name!r} has no APP")
        elif not isinstance(app, App):
            kind = type(app).__name__
            problems.append(f"apps: APP of {name!r} is of the type {kind}; it must be an App")
        elif app.name != name:
            problems.append(f"apps: {name!r} calls itself {app.name!r}; both must be the same")
        else:
            found.append(app)
    if problems:
        raise ConfigError(problems)
    return found


def refuse_conflicts(settings: Settings, apps: Sequence[App]) -> None:
    """Raises ConfigError with what an app claims that is another's, or cannot be, in words."""
    problems = [problem for app in apps for problem in _wrong(app)]
    problems += _options(settings, apps)
    if settings.bots:
        from kassa.telegram.routing import conflicts  # with aiogram, a second
        from kassa.telegram.showing import wrong

        by_name = {app.name: app for app in apps}
        for bot in settings.bots:
            shown = [by_name[name] for name in bot.apps if name in by_name]
            problems += conflicts(bot.name, shown)
            problems += wrong(bot.name, [app for app in shown if not _unreadable(app)])
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))


def _wrong(app: App) -> Iterator[str]:
    """What is wrong with an app, whatever others there are."""
    if app.name in _TAKEN:
        yield f"apps: {app.name!r} is a name of Kassa's own; call the app otherwise"
    if why := _unreadable(app):
        yield f"apps: the texts of {app.name} cannot be read: {why}"
    for what, names in (
        ("purpose", [each.name for each in app.purposes]),
        ("job", [*app.jobs]),
    ):
        for name in names:
            if not name.startswith(f"{app.name}."):
                yield f"apps: the {what} {name!r} of {app.name} must begin with {app.name}."
            if names.count(name) > 1:
                yield f"apps: {app.name} has the {what} {name!r} twice"
    for name, expression in app.schedule.items():
        if name not in app.jobs:
            yield f"apps: {app.name} has a schedule for {name!r}, and no such job"
        try:
            following(expression, clock.now())
        except Invalid as error:
            yield f"apps: the schedule of {name!r}: {error}"


def _options(settings: Settings, apps: Sequence[App]) -> Iterator[str]:
    """What is wrong with [app.NAME]. Values are not repeated: one may be a secret gone astray."""
    by_name = {app.name: app for app in apps}
    for name, given in settings.app.items():
        place = f"app.{name} (kassa.toml)"
        if name not in by_name:
            there = ", ".join(by_name) or "none"
            yield f"{place}: there is no app {name!r} among those that are shown: {there}"
        elif by_name[name].options is None:
            yield f"{place}: the app {name} has no settings"
        else:
            yield from _wrong_options(by_name[name], given)
    for app in apps:
        if app.disagrees is not None:
            yield from app.disagrees(settings)


def _wrong_options(app: App, given: Mapping[str, Any]) -> Iterator[str]:
    assert app.options is not None
    try:
        app.options.model_validate(given)
    except ValidationError as invalid:
        for error in invalid.errors():
            at = ".".join(
                str(p + 1 if isinstance(p, int) else p) for p in (app.name, *error["loc"])
            )
            yield f"app.{at} (kassa.toml): {_in_words(error, app)}"


def _in_words(error: "ErrorDetails", app: App) -> str:
    if cause := error.get("ctx", {}).get("error"):
        return str(cause)
    match error["type"]:
        case "extra_forbidden":
            known = app.options.model_fields if app.options and len(error["loc"]) == 1 else ()
            close = difflib.get_close_matches(str(error["loc"][-1]), known, n=1)
            return "is not a setting" + (f"; did you mean {close[0]}?" if close else "")
        case "missing":
            return "must be there"
    return error["msg"].replace("Input should be", "must be")


def _unreadable(app: App) -> str:
    """Why its texts cannot be read, in any language. An app without texts is fine."""
    try:
        if app.package and not (files(app.package) / "texts").is_dir():
            return ""
        for language in LANGUAGES:
            with suppress(NoSuchText):
                app.texts.say(language, "")
    except Exception as error:  # noqa: BLE001 (somebody else's files; told in words)
        return f"{type(error).__name__}: {error}"
    return ""


def _installed() -> dict[str, EntryPoint]:
    return {each.name: each for each in entry_points(group=GROUP)}


def _package(module: str) -> str:
    """Of an entry point such as `shop:APP` or `shop.app:APP`; "" where `find` will tell why."""
    try:
        spec = importlib.util.find_spec(module)
    except ImportError:
        return ""
    return spec.parent or "" if spec else ""


def _has_tables(package: str) -> bool:
    spec = importlib.util.find_spec(package)
    places = (spec.submodule_search_locations or []) if spec else []
    return any((Path(place) / "sql").is_dir() for place in places)


def _from_file(file: Path) -> object:
    name = f"kassa.apps.here.{file.stem}"  # not by its own: that may be a library's
    if getattr(sys.modules.get(name), "__file__", "") != str(file):
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return getattr(sys.modules[name], "APP", None)
