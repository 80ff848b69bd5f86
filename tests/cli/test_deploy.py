"""The files that a server is set up with: they are taken as they stand in docs/deploy."""

import asyncio
import os
import re
import shutil
import signal
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from kassa.apps.subscriptions import options
from kassa.config import load
from tests.apps.tokens.steps import eventually
from tests.cli.process import free_port
from tgsandbox.server import Listener

DEPLOY = Path(__file__).parents[2] / "docs" / "deploy"
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
ANALYZE = shutil.which("systemd-analyze")
OPENSSL = shutil.which("openssl")


def test_the_settings_are_settings(tmp_path: Path) -> None:
    shutil.copy(DEPLOY / "env.example", tmp_path / ".env")
    shutil.copy(DEPLOY / "kassa.toml", tmp_path)
    found = load({}, tmp_path)
    assert [bot.apps for bot in found.bots] == [("subscriptions",)]
    sold = options.of(found)
    assert [each.name for each in sold.plans] == ["1m", "3m", "12m", "12m-family"]
    assert sold.grade("family").devices == 10


@pytest.mark.skipif(ANALYZE is None, reason="needs systemd-analyze")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    text = (DEPLOY / "kassa.service").read_text()
    unit = tmp_path / "kassa.service"
    # What is not on this machine: the program, and the user.
    unit.write_text(re.sub("(?m)^ExecStart=.*", "ExecStart=/bin/true", text))
    done = subprocess.run(
        [str(ANALYZE), "verify", "--man=no", unit], check=False, capture_output=True, text=True
    )
    said = [line for line in done.stderr.splitlines() if "kassa.service" in line]
    assert said == []
    assert "ExecStart=/opt/kassa/.venv/bin/kassa run\n" in text


@asynccontextmanager
async def nginx(folder: Path, upstream: int) -> AsyncIterator[int]:
    """The site of the docs on a port of its own, before this one."""
    plain, secure = free_port(), free_port()
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            *(str(OPENSSL), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=vpn.example.com", "-keyout", key, "-out", cert),
        ],
        check=True,
        capture_output=True,
    )
    site = (DEPLOY / "nginx.conf").read_text()
    for before, after in (
        (r"listen 80;", f"listen 127.0.0.1:{plain};"),
        (r"listen 443 ssl;", f"listen 127.0.0.1:{secure} ssl;"),
        (r"listen \[::\]:.*;\n", ""),
        (r"/etc/letsencrypt/live/vpn.example.com/fullchain.pem", str(cert)),
        (r"/etc/letsencrypt/live/vpn.example.com/privkey.pem", str(key)),
        (r"127.0.0.1:8000", f"127.0.0.1:{upstream}"),
    ):
        site, count = re.subn(before, after, site)
        assert count, before
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = folder / "nginx.conf"
    config.write_text(
        f"pid {folder}/pid; error_log stderr; daemon off;\nevents {{}}\n"
        f"http {{ access_log off; {temporary}\n{site} }}\n"
    )
    tried = subprocess.run(
        [str(NGINX), "-t", "-c", config], check=False, capture_output=True, text=True
    )
    assert tried.returncode == 0, tried.stderr
    process = subprocess.Popen([str(NGINX), "-c", config], stderr=subprocess.DEVNULL)
    try:
        yield secure
    finally:
        process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(process.wait)


@pytest.mark.skipif(NGINX is None or OPENSSL is None, reason="needs nginx and openssl")
async def test_nginx_takes_the_site_and_touches_no_callback(tmp_path: Path) -> None:
    came: list[tuple[str, bytes, dict[bytes, bytes]]] = []

    async def behind(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        came.append((scope["path"], body, dict(scope["headers"])))
        await send({"type": "http.response.start", "status": 503, "headers": []})
        await send({"type": "http.response.body", "body": b"later"})

    listener = Listener(behind)
    await listener.start()
    body = b'{"guid": "1",  "status":1}\r\n' + bytes(range(256))
    try:
        async with (
            nginx(tmp_path, listener.port) as port,
            httpx.AsyncClient(
                base_url=f"https://127.0.0.1:{port}",
                verify=_anybody(),
                headers={"host": "vpn.example.com", "x-forwarded-for": "77.75.153.1"},
            ) as http,
        ):

            async def answers() -> bool:
                try:
                    return bool(await http.get("/healthz"))
                except httpx.TransportError:
                    return False
                else:
                    return True

            await eventually(answers)
            came.clear()
            for path in ("/1plat-webhook", "/pay/cryptopay/callback?a=%2F", "/1plat.txt"):
                answer = await http.post(path, content=body)
                assert (answer.status_code, answer.text) == (503, "later")
    finally:
        await listener.stop()
    assert [(path, sent == body) for path, sent, _ in came] == [
        *[(each, True) for each in ("/1plat-webhook", "/pay/cryptopay/callback", "/1plat.txt")]
    ]
    headers = came[0][2]
    # Nobody says for himself where he comes from.
    assert headers[b"x-forwarded-for"] == b"127.0.0.1"
    assert (headers[b"x-forwarded-proto"], headers[b"host"]) == (b"https", b"vpn.example.com")


def _anybody() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
