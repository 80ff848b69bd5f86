"""`kassa doctor` and payment providers: what it finds, and what it says of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from kassa.cli.doctor import examine, reachable, round_trip
from kassa.config import Settings
from kassa.errors import Unavailable
from kassa.payments.providers.protocol import Callback, Finding, Incoming, Refused
from kassa.payments.providers.stripe import Stripe
from tests.cli.process import Running, free_port, kassa, on
from tests.cli.shops import Shop
from tests.conftest import Fresh
from tests.payments.rig import KINDS, Kind, a_rig

NOT_TOLD = "PUBLIC_BASE_URL is not set: nobody can tell whether the provider reaches us"


def findings(text: str) -> dict[str, tuple[str, str]]:
    """By what is found: how it is, and the detail."""
    table = text.split("\nprovider  ", 1)[1].splitlines()
    head = f"provider  {table[0]}"
    places = [head.index(name) for name in ("what", "is ", "detail")]
    return {
        line[places[0] : places[1]].strip(): (
            line[places[1] : places[2]].strip(),
            line[places[2] :],
        )
        for line in table[1:]
        if line and not line.startswith("Wrong")
    }


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """Somebody else's server, which answers everything so."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


async def test_without_providers_there_is_nothing_to_check(fresh: Fresh, tmp_path: Path) -> None:
    done = kassa("doctor", cwd=tmp_path, **on(fresh))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("\nNo bot is set up.\n\nNo provider is set up.\n")


async def test_an_app_with_wrong_options_is_told_of(fresh: Fresh, tmp_path: Path) -> None:
    (tmp_path / "kassa.toml").write_text('[app.subscriptions]\npanel = "remnawave"\n')
    bot = {"TELEGRAM_BOT_TOKEN": "123456:TEST-TOKEN", "KASSA_APPS": "subscriptions"}
    done = kassa("doctor", cwd=tmp_path, **on(fresh), **bot)
    wrong = "REMNAWAVE_URL: must be set, since the panel of subscriptions is remnawave\n"
    assert (done.returncode, done.stderr) == (1, wrong)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
async def test_a_provider_is_asked_and_its_callbacks_go_round(
    fresh: Fresh, tmp_path: Path, kind: Kind
) -> None:
    async with a_rig(fresh, kind) as rig:
        shop = Shop(fresh, rig, tmp_path, PUBLIC_BASE_URL=rig.url)
        done = await shop.kassa("doctor")
        found = findings(done.stdout)
        assert found["credentials"][0] == "fine", done.stdout
        assert found["round trip of a callback"] == (
            "fine",
            "a right one is taken, a forged one is refused",
        )
        fine, detail = found["callback's address"]
        assert (fine, detail.split()[0]) == ("fine", f"{rig.url}/pay/{kind.name}/callback")
        wrong = [what for what, (is_, _) in found.items() if is_ == "WRONG"]
        assert done.returncode == (1 if wrong else 0)
        # The fake has no endpoints to list; everything else must be as it is with the provider.
        assert set(wrong) <= {"webhook events"}
        for secret in rig.shop.credentials.values():
            assert secret not in done.stdout or secret == rig.shop.credentials.get("shop_id")
        assert await rig.db.fetchval("SELECT count(*) FROM payments.inbox") == 0


async def test_where_nothing_can_be_told_it_is_not_called_wrong(
    fresh: Fresh, tmp_path: Path
) -> None:
    async with a_rig(fresh, KINDS["cryptopay"]) as rig:
        done = await Shop(fresh, rig, tmp_path).kassa("doctor")
        assert (done.returncode, done.stderr) == (0, "")
        assert findings(done.stdout)["callback's address"] == ("unknown", NOT_TOLD)


async def test_a_wrong_secret_is_found_out(fresh: Fresh, tmp_path: Path) -> None:
    async with a_rig(fresh, KINDS["oneplat"]) as rig:
        shop = Shop(fresh, rig, tmp_path, ONEPLAT_SHOP_SECRET="TEST-wrong")
        done = await shop.kassa("doctor")
        assert done.returncode == 1
        assert findings(done.stdout)["credentials"][0] == "WRONG"
        assert done.stdout.endswith("\nWrong: 1.\n")
        assert "TEST-wrong" not in done.stdout


async def test_both_addresses_of_1plat_are_tried_on_kassa_run(fresh: Fresh, tmp_path: Path) -> None:
    async with a_rig(fresh, KINDS["oneplat"]) as rig:
        port = str(free_port())
        base = f"http://127.0.0.1:{port}"
        own = {"PUBLIC_BASE_URL": base, "ONEPLAT_CALLBACK_URL": f"{base}/1plat-webhook"}
        shop = Shop(fresh, rig, tmp_path, PORT=port, **own)
        done = await shop.kassa("doctor")
        assert done.returncode == 1
        found = findings(done.stdout)
        for what in ("callback's address", "ONEPLAT_CALLBACK_URL"):
            assert found[what][0] == "WRONG"
            assert found[what][1].startswith("nobody answers at http://127.0.0.1:")
        with Running(tmp_path, **shop.settings) as running:
            await running.ready()
            done = await shop.kassa("doctor")
        found = findings(done.stdout)
        assert (done.returncode, found["ONEPLAT_CALLBACK_URL"][0]) == (0, "fine"), done.stdout
        assert found["callback's address"][0] == "fine"


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (200, b'{"ok":true}', "takes what nobody has signed: it is not Kassa's"),
        (403, b"<html>", "answers 403, not in Kassa's words"),
        (400, b'["detail"]', "answers 400, not in Kassa's words"),
        (502, b'{"detail":"down"}', "answers 502, not in Kassa's words"),
        (404, b'{"detail":"No such."}', "does not lead to this provider here: No such."),
    ],
)
async def test_an_address_where_somebody_else_answers_is_wrong(
    status: int, body: bytes, words: str
) -> None:
    with answering(status, body) as url:
        found = await reachable("callback", f"{url}/pay")
    assert found == Finding("callback", False, f"{url}/pay {words}")


# -- adapters that are wrong -----------------------------------------------------------


class Lax(Stripe):
    """Takes what anybody signs."""

    def verify(self, callback: Callback, *, at: object) -> None:
        """Nothing is checked."""


class Strict(Stripe):
    def verify(self, callback: Callback, *, at: object) -> None:
        raise Refused("No.")


class Deaf(Stripe):
    def parse(self, callback: Callback) -> Incoming:
        return Incoming("1", "nothing")


class Plain(Stripe):
    def simulate(self, *_: object, **__: object) -> Callback:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("adapter", "fine", "words"),
    [
        (Lax, False, "a forged one is taken"),
        (Strict, False, "a right one is refused: No."),
        (Deaf, False, "it was understood as something else"),
        (Plain, None, "it cannot be simulated"),
    ],
)
async def test_an_adapter_that_breaks_its_word_is_found_out(
    fresh: Fresh, adapter: type[Stripe], fine: bool | None, words: str
) -> None:
    async with a_rig(fresh, KINDS["stripe"]) as rig:
        provider = rig.provider
        provider.__class__ = adapter
        assert round_trip(provider) == Finding("round trip of a callback", fine, words)


class Raising(Stripe):
    error: Exception

    async def check(self) -> list[Finding]:
        raise self.error


@pytest.mark.parametrize(
    ("error", "finding"),
    [
        (Unavailable("It sleeps."), Finding("check", None, "It sleeps.")),
        (RuntimeError("a bug"), Finding("check", False, "RuntimeError: a bug")),
    ],
)
async def test_a_check_that_raises_is_a_finding(
    fresh: Fresh, error: Exception, finding: Finding
) -> None:
    async with a_rig(fresh, KINDS["stripe"]) as rig:
        provider = rig.provider
        provider.__class__ = type("Broken", (Raising,), {"error": error})
        first, *rest = await examine(Settings(), provider)
        assert first == finding
        assert [each.fine for each in rest] == [True, None]
