"""The API's no: {detail, code}, in the language of whoever asked."""

from kassa.apps.miniapp import refusing
from kassa.apps.miniapp.paying import NoLink
from kassa.apps.miniapp.refusing import No
from kassa.apps.subscriptions.models import NoSuchPromo, NotForSale
from kassa.apps.subscriptions.panels.protocol import Down
from kassa.apps.subscriptions.panels.protocol import No as PanelNo
from kassa.apps.subscriptions.renewing import NotRenewable
from kassa.log import get, masked
from kassa.payments import OutcomeUnknown

_log = get(__name__)


class Route(refusing.Route):
    package = "kassa.apps.subscriptions"
    missing = "no_purchase"

    def _no(self, error: Exception) -> No | None:
        no = super()._no(error)
        match error:
            case NoSuchPromo():
                status = {"none": 404, "many": 429}.get(error.why, 409)
                no = No(status, f"promo-{error.why}".replace("-", "_"))
            case NotForSale():
                no = No(409, "ended")
            case NotRenewable():
                no = No(409, "no_auto")
            case OutcomeUnknown():
                no = No(409, "checking")
            case NoLink():
                no = No(503, "down")
            case Down() | PanelNo():
                _log.warning("api.panel", error=masked(str(error)))
                no = No(503, "panel")
        return no
