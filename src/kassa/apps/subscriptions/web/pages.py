"""The page of one's subscription: /subscription/, and its files."""

from kassa.apps.miniapp import Pages
from kassa.apps.subscriptions.models import APP

PAGES = Pages(
    APP,
    at="subscription",
    package="kassa.apps.subscriptions",
    later=("back.js", "history.js", "code.js"),
)
router = PAGES.router
