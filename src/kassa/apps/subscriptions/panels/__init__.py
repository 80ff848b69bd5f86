"""Who lets people in: a Remnawave panel, keys of a pool, a private channel, or nobody but us."""

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from kassa.apps.subscriptions import options
from kassa.apps.subscriptions.models import APP
from kassa.apps.subscriptions.panels.protocol import Access, Down, No, Panel, Wanted
from kassa.config import Settings
from kassa.db import Database
from kassa.errors import Invalid

if TYPE_CHECKING:
    from kassa.apps import Kassa

__all__ = ["Access", "Down", "No", "Panel", "Wanted", "gives_new_links", "kind_of", "panel_of"]

_made: "WeakKeyDictionary[Database, Panel]" = WeakKeyDictionary()


def panel_of(kassa: "Kassa") -> Panel:
    """One a process, made when it is asked for the first time; it ends with Kassa."""
    found = _made.get(kassa.database)
    if found is None:
        found = _made[kassa.database] = _make(kassa)
        kassa.closing.append(found.close)
    return found


def kind_of(settings: Settings) -> str:
    """Of the settings: remnawave, keys, channel, none."""
    wanted = options.of(settings).panel
    if wanted == "auto":
        return "remnawave" if settings.remnawave_url else "none"
    if wanted == "remnawave" and not settings.remnawave_url:
        raise Invalid("The panel of subscriptions is remnawave: set REMNAWAVE_URL, too.")
    return wanted


def gives_new_links(settings: Settings) -> bool:
    """Whether somebody may have another link as often as they like. Keys are a stock, and a
    channel's link is everybody's."""
    return kind_of(settings) == "remnawave"


def _make(kassa: "Kassa") -> Panel:
    chosen = options.of(kassa.settings)
    match kind_of(kassa.settings):
        case "remnawave":
            from kassa.apps.subscriptions.panels.remnawave import from_settings

            return from_settings(kassa.settings, chosen)
        case "keys":
            from kassa.apps.subscriptions.panels.keys import Keys

            return Keys(kassa.database)
        case "channel":
            from kassa.apps.subscriptions.panels.channel import Channel

            bots = [bot for bot in kassa.bots.all if APP in bot.apps]
            if not bots:
                raise Invalid("No bot shows subscriptions, so nobody can open the channel.")
            return Channel(kassa.database, kassa.sender, bots[0], chosen.channel)
    from kassa.apps.subscriptions.panels.none import Nothing

    return Nothing()
