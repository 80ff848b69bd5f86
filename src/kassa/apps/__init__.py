"""What an app is: a business that bots show, in one record.

    APP = App(name="tokens", package="kassa.apps.tokens", bot=bot.router, purposes=[TOPUP], …)

Found by entry points of the group `kassa.apps`, or as APP in NAME.py of the current folder. Apps
know the rooms below them and nothing of each other.
"""

from kassa.apps.finding import find, given, named, packages, refuse_conflicts
from kassa.apps.models import App, Kassa
from kassa.payments import Button
from kassa.telegram import MenuItem

__all__ = [
    "App",
    "Button",
    "Kassa",
    "MenuItem",
    "find",
    "given",
    "named",
    "packages",
    "refuse_conflicts",
]
