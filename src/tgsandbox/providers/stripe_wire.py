"""How Stripe is spoken to: nested forms, errors, pages of a list, expanded objects."""

import copy
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

from tgsandbox.providers.records import Json, Refused, Response, json_response

Lookup = Callable[[str], Json | None]

_MOST_METADATA = 50
_LARGEST_PAGE = 100


def error(
    status: int,
    message: str,
    *,
    type: str = "invalid_request_error",
    param: str = "",
    code: str = "",
    **more: Any,
) -> Response:
    told: Json = {"message": message, "type": type}
    if code:
        told["code"] = code
        told["doc_url"] = f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"
    if param:
        told["param"] = param
    return json_response({"error": told | more}, status)


class Invalid(Refused):
    """Refused before anything was begun: no idempotency key remembers it."""


def invalid(message: str, param: str = "", code: str = "") -> Invalid:
    return Invalid(error(400, message, param=param, code=code))


def missing(param: str) -> Invalid:
    return invalid(f"Missing required param: {param}.", param, "parameter_missing")


def unknown(what: str, id_: str, param: str = "id") -> Invalid:
    message = f"No such {what}: '{id_}'"
    return Invalid(error(404, message, param=param, code="resource_missing"))


def refused(message: str, code: str = "", param: str = "", **more: Any) -> Refused:
    """What the state of things does not allow."""
    return Refused(error(400, message, param=param, code=code, **more))


# --- forms


def nested(text: str) -> Json:
    """`a[b][0]=c` as {"a": {"b": ["c"]}}; all leaves are texts."""
    found: Json = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        first, *rest = name.replace("]", "").split("[")
        _put(found, [first, *rest], value)
    return {name: _listed(each) for name, each in found.items()}


def _put(into: Json, path: list[str], value: str) -> None:
    for step in path[:-1]:
        inner = into.setdefault(step, {})
        if not isinstance(inner, dict):
            raise invalid("Invalid request: a parameter was given twice.", step)
        into = inner
    last = path[-1] if path[-1] != "" else str(len(into))
    into[last] = value


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(each) for name, each in value.items()}
    if inner and all(name.isdecimal() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


class Form:
    """The parameters of a call, each checked when it is asked for."""

    def __init__(self, values: Json, prefix: str = "") -> None:
        self.values = values
        self._prefix = prefix

    def __contains__(self, name: str) -> bool:
        return self.values.get(name) not in (None, "")

    def name(self, name: str) -> str:
        return f"{self._prefix}[{name}]" if self._prefix else name

    def only(self, known: Iterable[str]) -> None:
        for each in self.values:
            if each not in known:
                told = f"Received unknown parameter: {self.name(each)}"
                raise invalid(told, self.name(each), "parameter_unknown")

    def text(self, name: str, *, needed: bool = False, most: int = 5000) -> str:
        value = self.values.get(name, "")
        if not isinstance(value, str):
            raise invalid(f"Invalid string: {value}", self.name(name))
        if needed and not value:
            raise missing(self.name(name))
        if len(value) > most:
            told = f"Invalid string: must be at most {most} characters"
            raise invalid(told, self.name(name))
        return value

    def integer(self, name: str, *, needed: bool = False, least: int = 0) -> int | None:
        text = self.text(name, needed=needed)
        if not text:
            return None
        if not text.removeprefix("-").isdecimal() or not text.isascii():
            raise invalid(f"Invalid integer: {text}", self.name(name), "parameter_invalid_integer")
        value = int(text)
        if value < least:
            told = f"This value must be greater than or equal to {least}."
            raise invalid(told, self.name(name), "parameter_invalid_integer")
        return value

    def boolean(self, name: str) -> bool:
        text = self.text(name)
        if text not in ("", "true", "false"):
            raise invalid(f"Invalid boolean: {text}", self.name(name))
        return text == "true"

    def choice(self, name: str, *known: str, default: str = "") -> str:
        text = self.text(name) or default
        if text and text not in known:
            told = f"Invalid {name}: must be one of {', '.join(known)}"
            raise invalid(told, self.name(name))
        return text

    def part(self, name: str) -> "Form":
        value = self.values.get(name, {})
        if not isinstance(value, dict):
            if value == "":
                return Form({}, self.name(name))
            raise invalid("Invalid object", self.name(name))
        return Form(value, self.name(name))

    def parts(self, name: str) -> list["Form"]:
        value = self.values.get(name, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise invalid("Invalid array", self.name(name))
        return [Form(each, f"{self.name(name)}[{number}]") for number, each in enumerate(value)]

    def metadata(self) -> dict[str, str]:
        found = self.part("metadata").values
        if len(found) > _MOST_METADATA:
            told = f"You can only have {_MOST_METADATA} metadata keys."
            raise invalid(told, self.name("metadata"))
        for name, value in found.items():
            where = f"{self.name('metadata')}[{name}]"
            if not isinstance(value, str):
                raise invalid("Metadata values must be strings.", where)
            if len(name) > 40 or len(value) > 500:
                told = "Metadata keys can have up to 40 characters, values up to 500."
                raise invalid(told, where)
        return {name: value for name, value in found.items() if value}


# --- lists


def page(found: list[Json], form: Form, url: str) -> Json:
    """A page of the objects, which come newest first."""
    limit = form.integer("limit", least=1) or 10
    if limit > _LARGEST_PAGE:
        told = f"Invalid limit: must be at most {_LARGEST_PAGE}"
        raise invalid(told, "limit", "parameter_invalid_integer")
    least, most = _bounds(form)
    found = [each for each in found if least <= each["created"] <= most]
    ids = [each["id"] for each in found]
    after, before = form.text("starting_after"), form.text("ending_before")
    if after and before:
        raise invalid("You cannot parameterize both starting_after and ending_before.")
    for name, at in (("starting_after", after), ("ending_before", before)):
        if at and at not in ids:
            raise invalid(f"No such object: '{at}'", name, "resource_missing")
    if before:
        rest = found[: ids.index(before)]
        shown, more = rest[-limit:], len(rest) > limit
    else:
        rest = found[ids.index(after) + 1 :] if after else found
        shown, more = rest[:limit], len(rest) > limit
    return {"object": "list", "data": shown, "has_more": more, "url": url}


def _bounds(form: Form) -> tuple[int, int]:
    """The first and the last second in which what is asked for was made."""
    least, most = 0, 2**63
    if not isinstance(form.values.get("created"), dict):
        exactly = form.integer("created")
        return (least, most) if exactly is None else (exactly, exactly)
    asked = form.part("created")
    asked.only(("gt", "gte", "lt", "lte"))
    for name, more in (("gt", 1), ("gte", 0)):
        if (value := asked.integer(name)) is not None:
            least = max(least, value + more)
    for name, less in (("lt", 1), ("lte", 0)):
        if (value := asked.integer(name)) is not None:
            most = min(most, value - less)
    return least, most


# --- expanding


def expanded(answer: Json, form: Form, lookup: Lookup) -> Json:
    """A copy with the objects that `expand` names in the places of their ids."""
    wanted = form.values.get("expand", [])
    if not isinstance(wanted, list):
        raise invalid("Invalid array", "expand")
    made = copy.deepcopy(answer)
    for path in wanted:
        steps = path.split(".")
        if len(steps) > 5:
            raise invalid("You cannot expand more than 4 levels of a property.", "expand")
        if made.get("object") == "list" and steps[0] == "data":
            for each in made["data"]:
                _expand(each, steps[1:], path, lookup)
        else:
            _expand(made, steps, path, lookup)
    return made


def _expand(value: Json, steps: list[str], path: str, lookup: Lookup) -> None:
    if not steps:
        return
    name, *rest = steps
    if name == "line_items" and "line_items" not in value:
        value["line_items"] = (lookup(f"line_items:{value['id']}") or {}).copy()
    if name not in value:
        told = f"This property cannot be expanded ({path})."
        raise invalid(told, "expand[0]")
    found = value[name]
    if isinstance(found, str):
        there = lookup(found)
        if there is None:
            raise invalid(f"This property cannot be expanded ({path}).", "expand[0]")
        found = value[name] = copy.deepcopy(there)
    if isinstance(found, dict):
        _expand(found, rest, path, lookup)
    elif isinstance(found, list):
        for each in found:
            if isinstance(each, dict):
                _expand(each, rest, path, lookup)
