"""Reading .env and kassa.toml. What cannot be read is added to the problems, with its line."""

import io
import re
import tomllib
from pathlib import Path
from typing import Any

from dotenv.parser import parse_stream


def read_dotenv(path: Path, problems: list[str]) -> dict[str, str]:
    values = {}
    for binding in parse_stream(io.StringIO(_read(path, problems), newline="")):
        if binding.error or (binding.key and binding.value is None):
            text = binding.original.string  # it begins with the blank lines before it
            line = binding.original.line + text[: -len(text.lstrip())].count("\n")
            problems.append(f"{path}, line {line}: must be such as NAME=value")
        elif binding.key and binding.value and binding.value.strip():
            values[binding.key] = binding.value
    return values


def read_toml(path: Path, problems: list[str], must_exist: bool) -> dict[str, Any]:
    text = _read(path, problems, must_exist)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, _, where = str(error).partition(" (at ")
        found = re.match(r"line (\d+)", where)
        line = found[1] if found else len(text.splitlines())
        problems.append(f"{path}, line {line}: {what}; a text stands in quotes")
        return {}


def _read(path: Path, problems: list[str], must_exist: bool = False) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        if must_exist:
            problems.append(f"{path}: there is no such file; mend KASSA_CONFIG, which names it")
    except UnicodeDecodeError:
        problems.append(f"{path}: is not text in UTF-8; save it as UTF-8")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        problems.append(f"{path}: cannot be read ({why}); make it a file that Kassa may read")
    return ""
