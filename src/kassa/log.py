"""What is logged and how: coloured lines on a terminal, one JSON object a line elsewhere."""

import json
import logging
import os
import re
import secrets
import sys
from contextlib import AbstractContextManager, suppress
from typing import Any, Literal

import structlog
from structlog.contextvars import bound_contextvars, get_contextvars
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, FilteringBoundLogger, Processor

# Both begin with a fixed text, which makes them ten times faster over a line without secrets.
_TOKEN = re.compile(r":(?<=[0-9]{6}:)[A-Za-z0-9_-]{30,}")
_PASSWORD = re.compile(r"://([^\s:/@\"']*):[^\s/\"']*@")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


def configure(style: Literal["auto", "text", "json"] = "auto", level: str = "info") -> None:
    """Send all to stderr in one style: what we log, and what others do through `logging`."""
    terminal = sys.stderr.isatty()
    number = logging.getLevelNamesMapping()[level.upper()]
    gather: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,  # without local variables: they hold secrets
    ]
    render: list[Processor] = [_json_line, _mask]
    if style == "text" or (style == "auto" and terminal):
        colours = terminal and not os.environ.get("NO_COLOR")
        render[0] = structlog.dev.ConsoleRenderer(colors=colours, sort_keys=False)
    structlog.configure(
        processors=gather + render,
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=_Stderr,
        cache_logger_on_first_use=False,  # a logger made before this call obeys it too
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=gather,
            processors=[ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    logging.basicConfig(handlers=[handler], level=number, force=True)


def for_granian() -> dict[str, Any]:
    """granian's `log_dictconfig`: no handlers of its own, which print to stdout in its style."""
    return {"formatters": {}, "handlers": {}, "loggers": {}}


def get(name: str) -> FilteringBoundLogger:
    logger: FilteringBoundLogger = structlog.get_logger(name)
    return logger


def bind(**values: object) -> AbstractContextManager[None]:
    """Within the block, every line of this task and those it starts carries these values."""
    return bound_contextvars(**values)


def request_id() -> str | None:
    """The one that `bind(request_id=…)` set around us."""
    return get_contextvars().get("request_id")


def new_request_id() -> str:
    return secrets.token_hex(8)


def clean_request_id(text: str | None) -> str:
    """What a caller sent as their request's id, if it is harmless; otherwise a new one."""
    return text if text and _REQUEST_ID.fullmatch(text) else new_request_id()


class _Stderr:
    """Where lines go. A log that cannot be written must not stop the work it tells of."""

    def __init__(self, name: str = "kassa") -> None:
        self.name = name

    def msg(self, line: str) -> None:
        with suppress(OSError, ValueError):  # a full disk, a closed pipe, a closed file
            sys.stderr.write(line + "\n")
            sys.stderr.flush()

    debug = info = warning = error = critical = msg


def _json_line(_: Any, __: str, event: EventDict) -> str:
    line = {"timestamp": event.pop("timestamp"), "level": event.pop("level"), **event}
    try:
        return json.dumps(line, ensure_ascii=False, allow_nan=False, default=_plain)
    except (TypeError, ValueError, RecursionError):  # odd keys, NaN, a value that holds itself
        texts = {key: v if isinstance(v, str) else repr(v) for key, v in line.items()}
        return json.dumps(texts, ensure_ascii=False)


def _plain(value: object) -> str:
    return repr(value) if isinstance(value, BaseException) else str(value)


def masked(text: str) -> str:
    """The safety net under `Secret`: bots' tokens and passwords of URLs, wherever they stand."""
    text = _TOKEN.sub(":***", text)
    return _PASSWORD.sub(r"://\1:***@", text) if "://" in text else text


def _mask(_: Any, __: str, line: Any) -> str:
    return masked(line)
