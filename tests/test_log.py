"""The log: one style for all that is said, and no secret in it."""

import asyncio
import io
import json
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import structlog
from granian.log import LogLevels, configure_logging
from hypothesis import given
from hypothesis import strategies as st

from kassa import log
from kassa.secret import Secret

TOKEN = "123456789:" + "AAF-x_9" * 5
LOGGERS = ["", "_granian", "granian.access"]


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in LOGGERS]
    was = [(logger, logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    yield
    structlog.reset_defaults()
    for logger, handlers, level, propagate in was:
        logger.handlers[:] = handlers
        logger.setLevel(level)
        logger.propagate = propagate


class Stderr:
    """All that was written to stderr so far."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self._text = ""

    @property
    def text(self) -> str:
        self._text += self._capsys.readouterr().err
        return self._text

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def stderr(capsys: pytest.CaptureFixture[str]) -> Stderr:
    return Stderr(capsys)


def test_json_is_one_object_a_line_with_russian_as_it_is(stderr: Stderr) -> None:
    log.configure("json")

    log.get("kassa.payments").info("платёж прошёл", сумма="150,00 ₽", payment=7)

    assert "платёж прошёл" in stderr.text
    assert '"сумма": "150,00 ₽"' in stderr.text
    (line,) = stderr.lines
    moment = datetime.fromisoformat(line.pop("timestamp"))
    assert abs((datetime.now(UTC) - moment).total_seconds()) < 60
    assert moment.utcoffset() is not None
    assert line == {
        "level": "info",
        "event": "платёж прошёл",
        "logger": "kassa.payments",
        "сумма": "150,00 ₽",
        "payment": 7,
    }


@pytest.mark.parametrize(
    ("style", "terminal", "looks"),
    [
        ("auto", False, "json"),
        ("auto", True, "coloured"),
        ("text", True, "coloured"),
        ("text", False, "plain"),
        ("json", True, "json"),
    ],
)
def test_the_style_follows_the_terminal_unless_it_is_named(
    stderr: Stderr,
    monkeypatch: pytest.MonkeyPatch,
    style: Any,
    terminal: bool,
    looks: str,
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)

    log.configure(style)
    log.get("kassa").info("started", port=8000)

    assert stderr.text.startswith("{") is (looks == "json")
    assert ("\x1b[" in stderr.text) is (looks == "coloured")
    assert "started" in stderr.text


def test_no_color_is_respected(stderr: Stderr, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)

    log.configure()
    log.get("kassa").info("started")

    assert "started" in stderr.text
    assert "\x1b[" not in stderr.text


def test_what_others_log_goes_the_same_way(stderr: Stderr) -> None:
    log.configure("json")
    configure_logging(LogLevels.info, log.for_granian())  # as granian does when it starts

    with log.bind(request_id="req-12345678"):
        logging.getLogger("asyncpg").warning("slow: %d ms", 1500)
    logging.getLogger("_granian").info("Listening at: http://127.0.0.1:8000")
    logging.getLogger("granian.access").info("GET /")
    logging.getLogger("asyncio").debug("too quiet to be told")

    assert [(line["logger"], line["level"], line["event"]) for line in stderr.lines] == [
        ("asyncpg", "warning", "slow: 1500 ms"),
        ("_granian", "info", "Listening at: http://127.0.0.1:8000"),
        ("granian.access", "info", "GET /"),
    ]
    assert stderr.lines[0]["request_id"] == "req-12345678"


def test_the_level_holds_for_ours_and_for_others(stderr: Stderr) -> None:
    early = log.get("made.before.configure")
    log.configure("text", "info")
    early.debug("quiet")
    log.configure("json", "warning")

    early.info("quiet")
    logging.getLogger("other").info("quiet")
    early.warning("loud")
    logging.getLogger("other").error("loud")

    assert [(line["logger"], line["level"]) for line in stderr.lines] == [
        ("made.before.configure", "warning"),
        ("other", "error"),
    ]


@pytest.mark.parametrize("style", ["json", "text"])
def test_an_exception_shows_where_it_was_but_no_local_variable(stderr: Stderr, style: Any) -> None:
    log.configure(style)

    def charge() -> None:
        card = "4242" + "4242"  # its value stands nowhere in the source
        raise ValueError(f"no card, {len(card)} digits")

    try:
        charge()
    except ValueError:
        log.get("kassa").exception("charge failed", payment=7)
        logging.getLogger("asyncio").exception("foreign")

    told = stderr.text
    assert told.count("ValueError: no card, 8 digits") == 2
    assert told.count("in charge") == 2
    assert "42424242" not in told
    if style == "json":
        assert [line["exception"].splitlines()[-1] for line in stderr.lines] == [
            "ValueError: no card, 8 digits"
        ] * 2


@pytest.mark.parametrize("style", ["json", "text"])
def test_tokens_and_passwords_are_masked_wherever_they_stand(stderr: Stderr, style: Any) -> None:
    log.configure(style)
    logger = log.get("kassa")

    logger.info(f"POST https://api.telegram.org/bot{TOKEN}/sendMessage")
    logger.info("connect", url="postgres://kassa:hunter2@db:5432/kassa", deep=[{"token": TOKEN}])
    logger.info("odd", url="postgres://kassa:hun@ter2@db/kassa", error=ValueError(TOKEN))
    logger.info("secret", key=Secret("hunter2"), deep={"key": Secret("hunter2")})
    logging.getLogger("httpx").info("POST https://api.telegram.org/bot%s/getMe", TOKEN)
    try:
        raise OSError(f"cannot reach redis://:hunter2@cache/0 with {TOKEN}")
    except OSError:
        logger.exception("unreachable")

    told = stderr.text
    assert "AAF-x_9" not in told
    assert "hunter2" not in told
    assert "ter2" not in told
    assert "bot123456789:***/sendMessage" in told
    assert "postgres://kassa:***@db:5432/kassa" in told
    assert "redis://:***@cache/0" in told
    assert style == "text" or len(stderr.lines) == 6


def test_what_only_looks_a_little_like_a_secret_is_left(stderr: Stderr) -> None:
    log.configure("json")
    event = "market.order:123456:release at http://localhost:8000/a, anna@example.com 12:30:00"
    event += " sha256:" + "0a" * 32

    log.get("kassa").info(event, token="123456:TEST-TOKEN")

    assert stderr.lines[0]["event"] == event
    assert stderr.lines[0]["token"] == "123456:TEST-TOKEN"


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none() | st.floats()))
def test_any_line_of_json_can_be_read_back(values: dict[str, Any]) -> None:
    event = {"timestamp": "t", "level": "info", "event": "x"} | values
    rendered = log._mask(None, "info", log._json_line(None, "info", dict(event)))
    assert "\n" not in rendered
    assert set(json.loads(rendered, parse_constant=pytest.fail)) == set(event), "NaN is no JSON"


def test_odd_values_do_not_stop_the_work(stderr: Stderr) -> None:
    log.configure("json")
    logger = log.get("kassa")
    itself: list[object] = []
    itself.append(itself)

    logger.info("plain", amount=Decimal("1.50"), path=Path("/srv"), error=KeyError("user"))
    logger.info("odd", rate=float("nan"), by={(1, 2): Secret("x")}, itself=itself, текст="да")

    plain, odd = stderr.lines
    assert (plain["amount"], plain["path"], plain["error"]) == ("1.50", "/srv", "KeyError('user')")
    assert (odd["rate"], odd["by"], odd["event"]) == ("nan", "{(1, 2): ***}", "odd")
    assert '"текст": "да"' in stderr.text


def test_a_log_that_cannot_be_written_does_not_stop_the_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log.configure("json")
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)

    log.get("kassa").info("nobody hears")


def test_every_level_has_its_name(stderr: Stderr) -> None:
    log.configure("json", "debug")
    logger = log.get("kassa")

    logger.debug("a")
    logger.info("b %s", "c")
    logger.warning("d")
    logger.error("e", exc_info=ValueError("why"))
    logger.critical("f")

    assert [(line["level"], line["event"]) for line in stderr.lines] == [
        ("debug", "a"),
        ("info", "b c"),
        ("warning", "d"),
        ("error", "e"),
        ("critical", "f"),
    ]
    assert stderr.lines[3]["exception"] == "ValueError: why"


async def test_a_request_id_stays_with_its_task(stderr: Stderr) -> None:
    log.configure("json")

    async def handle(request: str) -> str | None:
        with log.bind(request_id=request, chat=1):
            await asyncio.sleep(0)
            log.get("kassa").info("handled")
            return log.request_id()

    first, second = await asyncio.gather(handle("first-id"), handle("second-id"))

    assert (first, second) == ("first-id", "second-id")

    assert [(line["request_id"], line["chat"]) for line in stderr.lines] == [
        ("first-id", 1),
        ("second-id", 1),
    ]
    assert log.request_id() is None


def test_a_bound_value_gives_way_to_an_inner_one_and_comes_back() -> None:
    with log.bind(request_id="outer-id"):
        with log.bind(request_id="inner-id"):
            assert log.request_id() == "inner-id"
        assert log.request_id() == "outer-id"


@pytest.mark.parametrize("text", ["abcd1234", "A.b_c-9876", "x" * 64])
def test_a_harmless_request_id_is_kept(text: str) -> None:
    assert log.clean_request_id(text) == text


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "short",
        "x" * 65,
        "with space",
        "line\nbreak",
        "abcd1234\n",
        "идентификатор",
        '"}{"',
    ],
)
def test_any_other_request_id_is_replaced(text: str | None) -> None:
    new = log.clean_request_id(text)

    assert new != text
    assert log.clean_request_id(new) == new
    assert log.new_request_id() != log.new_request_id()
