"""The API's no: {success: false, detail, code}, in the language of whoever asked."""

from kassa.apps.miniapp import refusing


class Route(refusing.Route):
    package = "kassa.apps.tokens"
    besides = {"success": False}  # noqa: RUF012 (as the class it is of says)
