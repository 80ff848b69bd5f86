"""The top-up page: /miniapp/, and its files."""

from kassa.apps.miniapp import Pages
from kassa.apps.tokens.models import APP

PAGES = Pages(APP, at="miniapp", package="kassa.apps.tokens", later=("back.js", "history.js"))
router = PAGES.router
