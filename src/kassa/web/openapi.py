"""The REST API described: /openapi.json, and /docs to read and try it, from files of our own."""

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict

from kassa.web import security

DESCRIPTION = """
Take money inside Telegram: people, payments, and the apps that sell.

**Who asks.** A person sends the token of their session, `Authorization: Bearer …`;
a service of yours sends its key, `X-Kassa-Key: …`. What neither needs is open.

**Errors** are `{"detail": "…"}` in words that may be shown, with the right status. Wrong fields
(422) are a list, `{"detail": [{"field": "body.amount", "problem": "…"}]}`. Who asks too often
gets 429, and in `Retry-After` the seconds to wait.

**Tracing.** Every answer has an `X-Request-ID`; send one of your own, and it is kept.
"""

TAGS = [{"name": "operations", "description": "For who runs this: is it alive, what does it do."}]

_OURS = Path(__file__).parent / "docs"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}
_POLICY = security.page_policy()

pages = APIRouter(include_in_schema=False)


class Problem(BaseModel):
    """What went wrong, in words that may be shown."""

    model_config = ConfigDict(json_schema_extra={"example": {"detail": "There is no order 7."}})

    detail: str


class WrongField(BaseModel):
    field: str
    problem: str


class WrongFields(BaseModel):
    """Which fields are wrong, and why."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "detail": [
                    {
                        "field": "body.amount",
                        "problem": "Input should be greater than or equal to 1",
                    }
                ]
            }
        }
    )

    detail: list[WrongField]


class Described(FastAPI):
    """FastAPI, whose description tells of errors as they are, and of both ways to sign in."""

    def openapi(self) -> dict[str, Any]:
        schema = super().openapi()  # made once; what follows may be done to it again
        components = schema.setdefault("components", {})
        models = components.setdefault("schemas", {})
        models.pop("HTTPValidationError", None)
        models.pop("ValidationError", None)
        for model in (Problem, WrongField, WrongFields):
            made = model.model_json_schema(ref_template="#/components/schemas/{model}")
            made.pop("$defs", None)
            models[model.__name__] = made
        components["securitySchemes"] = {
            **{
                each.scheme_name: each.model.model_dump(
                    mode="json", by_alias=True, exclude_none=True
                )
                for each in (security.bearer, security.service_key)
            },
            **components.get("securitySchemes", {}),
        }
        for path in schema["paths"].values():
            for operation in path.values():
                answers = operation["responses"]
                if "422" in answers:
                    answers["422"] = _answer("Wrong fields", "WrongFields")
                answers.setdefault("default", _answer("Any other error", "Problem"))
        return schema


def described(tags: Sequence[Mapping[str, str]], **more: Any) -> FastAPI:
    return Described(
        title="Kassa",
        version="1",
        summary="The REST API",
        description=DESCRIPTION,
        openapi_tags=[*map(dict, tags), *TAGS],
        docs_url=None,
        redoc_url=None,
        **more,
    )


def _answer(description: str, model: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{model}"}}}
    return {"description": description, "content": content}


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    packed: bytes
    type: str
    etag: str


def _path(name: str) -> Path | None:
    if name in {"page.html", "docs.js", "docs.css"}:
        return _OURS / name
    if name in {"swagger-ui-bundle.js", "swagger-ui.css"}:
        # As files: nothing of the package runs.
        found = distribution("fastapi-swagger").locate_file(f"fastapi_swagger/resources/{name}")
        return Path(str(found))
    return None


@cache
def _file(path: Path) -> _File:
    content = path.read_bytes()
    packed = gzip.compress(content, 6, mtime=0)
    return _File(content, packed, _TYPES[path.suffix], f'"{sha256(content).hexdigest()[:16]}"')


@pages.get("/docs")
def docs(request: Request) -> Response:
    return _sent(request, "page.html")


@pages.get("/docs/{name}")
def docs_file(request: Request, name: str) -> Response:
    return _sent(request, name)


def _sent(request: Request, name: str) -> Response:
    path = _path(name)
    if path is None:
        raise HTTPException(404)
    file = _file(path)
    headers = {
        "cache-control": "no-cache",  # asked for again, and mostly answered 304
        "content-security-policy": _POLICY,
        "etag": file.etag,
        "vary": "accept-encoding",
    }
    if file.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
        return Response(file.packed, headers=headers, media_type=file.type)
    return Response(file.content, headers=headers, media_type=file.type)
