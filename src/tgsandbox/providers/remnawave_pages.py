"""Pages of the panel: who is let in and until when, and what stands behind somebody's link."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from tgsandbox.providers.records import Json, Request, Response
from tgsandbox.providers.remnawave import Remnawave
from tgsandbox.providers.remnawave_wire import PanelUser, iso

if TYPE_CHECKING:
    from tgsandbox.providers.bank import Bank

SHOWN = 200  # the newest
GIGABYTE = 2**30
POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self' 'unsafe-inline'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #8884 }
form { display: inline } button { font: inherit; cursor: pointer }
:root { color-scheme: light dark }
"""


def answer(bank: "Bank", path: Sequence[str], request: Request) -> Response:
    """Of /bank/remnawave/…; strangers have been turned away already."""
    panels = [each for each in bank.shops_of("remnawave") if isinstance(each, Remnawave)]
    if not path or path == [""]:
        return _page("Remnawave", "".join(map(_table, panels)) or "<p>Nobody yet.</p>")
    short, acts = path[0], path[1:]
    for panel in panels:
        if user := panel.by_link(short):
            if not acts and request.method == "GET":
                return _behind(panel, user, request)
            if acts and request.method == "POST" and _done(panel, user, acts[0]):
                lists = request.headers["referer"].rstrip("/").endswith("/bank/remnawave")
                where = "/bank/remnawave/" if lists else panel.page_of(short)
                return Response(303, b"", {"location": where})
    return _page("404", "<h1>404</h1><p>This link opens nothing.</p>", 404)


def _done(panel: Remnawave, user: PanelUser, act: str) -> bool:
    if act == "connect":
        number = len(user.devices) + 1
        panel.connect(user.username, f"sandbox-{number}", model=f"Phone {number}")
    elif act == "use":
        panel.use(user.username, GIGABYTE)
    else:
        return False
    return True


def _behind(panel: Remnawave, user: PanelUser, request: Request) -> Response:
    """An app that fetches the link names its device, and is counted."""
    hwid = request.headers["x-hwid"]
    if hwid and not panel.connect(
        user.username,
        hwid[:100],
        model=request.headers["x-device-model"][:100] or "Phone",
        os=request.headers["x-device-os"][:100],
    ):
        return _page("404", "<h1>404</h1><p>No more devices.</p>", 404)
    rows = {
        "Until": iso(user.expires)[:16].replace("T", " ") + " UTC",
        "Status": panel.status(user.username),
        "Traffic": _traffic(user),
        "Devices": _devices(user),
    }
    body = [
        f"<h1>{escape(user.username)}</h1>",
        "<p>A subscription of the sandbox: nothing real is behind it.</p><table>",
        *(f"<tr><th>{name}</th><td>{escape(said)}</td></tr>" for name, said in rows.items()),
        f"</table><p>{_buttons(user)}</p>",
    ]
    return _page(f"{user.username} · Remnawave", "".join(body))


def _table(panel: Remnawave) -> str:
    rows = [_row(panel, each) for each in list(panel.users.values())[::-1][:SHOWN]]
    head = "".join(
        f"<th>{each}</th>" for each in ("Name", "Status", "Until", "Traffic", "Devices", "")
    )
    title = f"<h1>Remnawave · {escape(panel.name)}: {len(panel.users)}</h1>"
    return f"{title}<table><tr>{head}</tr>{''.join(rows)}</table>"


def _row(panel: Remnawave, user: PanelUser) -> str:
    link = f'<a href="{escape(panel.page_of(user.short))}">{escape(user.username)}</a>'
    said = (
        panel.status(user.username),
        iso(user.expires)[:16].replace("T", " "),
        _traffic(user),
        _devices(user),
    )
    cells = "".join(f"<td>{escape(each)}</td>" for each in said)
    return f"<tr><td>{link}</td>{cells}<td>{_buttons(user)}</td></tr>"


def _buttons(user: PanelUser) -> str:
    acts = {"connect": "Connect a device", "use": "Use 1 GB"}
    at = f"/bank/remnawave/{user.short}"
    return " ".join(
        f'<form method="post" action="{at}/{act}"><button>{name}</button></form>'
        for act, name in acts.items()
    )


def _traffic(user: PanelUser) -> str:
    most = f"{user.traffic / GIGABYTE:.1f} GB" if user.traffic else "no limit"
    return f"{user.used / GIGABYTE:.1f} GB of {most}"


def _devices(user: PanelUser) -> str:
    names = ", ".join(_name(each) for each in user.devices) or "none"
    return f"{names} (at most {user.devices_limit})" if user.devices_limit else names


def _name(device: Json) -> str:
    return str(device["deviceModel"])


def _page(title: str, body: str, status: int = 200) -> Response:
    html = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>"
        f'<link rel="icon" href="/bank/static/icon.svg"><style>{_STYLE}</style></head>'
        f"<body><main>{body}</main></body></html>"
    )
    headers = {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": POLICY,
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
    }
    return Response(status, html.encode(), headers)
