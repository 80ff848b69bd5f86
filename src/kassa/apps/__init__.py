"""What an app is: a business that bots show, in one record.

    APP = App(name="tokens", package="kassa.apps.tokens", bot=bot.router, purposes=[TOPUP], …)

Found by entry points of the group `kassa.apps`, or as APP in NAME.py of the current folder. Apps
know the rooms below them and nothing of each other.
"""

import importlib.util
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from kassa.config import Settings
from kassa.db import Database
from kassa.errors import ConfigError
from kassa.outbox import Job
from kassa.payments import Payments
from kassa.payments.models import Purpose
from kassa.telegram import Bots, MenuItem
from kassa.texts import Texts, load

if TYPE_CHECKING:
    from aiogram import Router
    from fastapi import APIRouter

    from kassa.telegram.sender import Sender

GROUP = "kassa.apps"

__all__ = ["App", "Kassa", "MenuItem", "find", "refuse_conflicts"]


@dataclass(frozen=True, slots=True)
class Kassa:
    """What an app works with: its handlers and jobs get it as `kassa`, its API from
    `request.app.state.kassa`."""

    settings: Settings
    database: Database
    payments: Payments
    bots: Bots
    sender: "Sender"

    @classmethod
    def of(cls, settings: Settings, database: Database, payments: Payments) -> "Kassa":
        from kassa.telegram.bots import from_settings
        from kassa.telegram.sender import Sender

        bots = from_settings(settings)
        share = settings.telegram_messages_per_second / settings.workers
        return cls(settings, database, payments, bots, Sender(database, bots, per_second=share))


@dataclass(frozen=True)
class App:
    """`package` is where its `texts/` lie, and its `sql/` if it has tables. An app of one file
    brings its texts itself, as `words`: {"ru": "start = …", "uz": …, "en": …}."""

    name: str
    package: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    bot: "Router | None" = None
    api: "APIRouter | None" = None
    purposes: Sequence[Purpose] = ()
    jobs: Mapping[str, Callable[[Kassa, Job], Awaitable[None]]] = field(default_factory=dict)
    schedule: Mapping[str, str] = field(default_factory=dict)  # a job's kind: when, by cron
    menu: Sequence[MenuItem] = ()
    menu_button: MenuItem | None = None
    free_text: bool = False  # it listens to whatever is written

    @cached_property
    def texts(self) -> Texts:
        return load(self.package) if self.package else Texts(self.name, self.words)


def named(settings: Settings) -> list[str]:
    """The apps that the settings want. One that is only the default need not be installed."""
    names = [name for bot in settings.bots for name in bot.apps]
    if settings.is_default("apps"):
        installed = {each.name for each in entry_points(group=GROUP)}
        names = [n for n in names if n in installed or n not in settings.apps]
    elif not settings.bots:
        names = list(settings.apps)
    return list(dict.fromkeys(names))


def packages(settings: Settings) -> tuple[str, ...]:
    """Those of the wanted apps that have tables; the apps themselves are not loaded."""
    modules = {each.name: each.module for each in entry_points(group=GROUP)}
    wanted = [modules[name] for name in named(settings) if name in modules]
    return tuple(each for each in wanted if _has_tables(each))


def _has_tables(package: str) -> bool:
    spec = importlib.util.find_spec(package)
    places = (spec.submodule_search_locations or []) if spec else []
    return any((Path(place) / "sql").is_dir() for place in places)


def find(names: Sequence[str], *, folder: Path | None = None) -> list[App]:
    """The apps of these names, in their order; or all that is wrong with them, in words."""
    known = {each.name: each for each in entry_points(group=GROUP)}
    problems, found = [], []
    for name in dict.fromkeys(names):
        file = (folder or Path.cwd()) / f"{name.replace('-', '_')}.py"
        if name not in known and not file.exists():
            there = ", ".join(sorted(known)) or "none"
            problems.append(
                f"apps: there is no app {name!r}, and no {file.name} here; installed are: {there}"
            )
            continue
        try:
            app = known[name].load() if name in known else _from_file(file)
        except Exception as error:  # noqa: BLE001 (somebody else's code; told in words)
            problems.append(f"apps: {name!r} cannot be loaded: {type(error).__name__}: {error}")
            continue
        if not isinstance(app, App):
            problems.append(f"apps: {name!r} is a {type(app).__name__}; it must be an App")
        elif app.name != name:
            problems.append(f"apps: {name!r} calls itself {app.name!r}; both must be the same")
        else:
            found.append(app)
    if problems:
        raise ConfigError(problems)
    return found


def _from_file(file: Path) -> object:
    if file.stem in sys.modules and getattr(sys.modules[file.stem], "__file__", "") == str(file):
        return sys.modules[file.stem].APP
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    return module.APP


def refuse_conflicts(settings: Settings, apps: Sequence[App]) -> None:
    """Raises ConfigError where two apps claim the same, each conflict in words."""
    from kassa.telegram.routing import conflicts  # with aiogram, a second

    by_name = {app.name: app for app in apps}
    problems = [
        problem
        for bot in settings.bots
        for problem in conflicts(bot.name, [by_name[name] for name in bot.apps if name in by_name])
    ]
    for what, named in (
        ("purpose", [(each.name, app.name) for app in apps for each in app.purposes]),
        ("job", [(kind, app.name) for app in apps for kind in app.jobs]),
    ):
        owners: dict[str, str] = {}
        for name, app_name in named:
            if name in owners:
                problems.append(
                    f"apps: {owners[name]} and {app_name} both have the {what} {name!r}"
                )
            owners[name] = app_name
    if problems:
        raise ConfigError(problems)
