"""/openapi.json and /docs: the API as it is, from this machine alone, under a strict policy."""

import json
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI
from playwright.async_api import Browser
from pydantic import BaseModel, Field

from kassa.web import create_app, security
from tests.e2e.conftest import browser, chromium
from tests.web.conftest import client, nothing, served

__all__ = ["browser", "chromium"]


class Order(BaseModel):
    amount: Annotated[int, Field(ge=1, examples=[50_000])]


@pytest.fixture
def app() -> FastAPI:
    router = APIRouter(prefix="/api/orders", tags=["orders"])

    @router.post("", dependencies=[Depends(security.bearer)])
    async def make(order: Order) -> Order:
        return order

    return create_app(
        nothing, routers=[router], tags=[{"name": "orders", "description": "What is sold"}]
    )


async def test_the_description_tells_of_errors_as_they_are(app: FastAPI) -> None:
    async with client(app) as http:
        schema = (await http.get("/openapi.json")).json()
        wrong = (await http.post("/api/orders", json={"amount": 0})).json()
        assert (await http.get("/openapi.json")).json() == schema, "asked again, it is the same"
    answers = schema["paths"]["/api/orders"]["post"]["responses"]
    assert set(answers) == {"200", "422", "default"}

    def model(name: str) -> dict[str, object]:
        ref = answers[name]["content"]["application/json"]["schema"]["$ref"]
        found: dict[str, object] = schema["components"]["schemas"][ref.rpartition("/")[2]]
        return found

    assert model("default")["example"] == {"detail": "There is no order 7."}
    assert model("422")["example"] == wrong, "the example is what one gets"
    assert not {"HTTPValidationError", "ValidationError"} & set(schema["components"]["schemas"])
    refs = {each.split('"')[0] for each in json.dumps(schema).split('"$ref": "')[1:]}
    for ref in refs:
        assert ref.rpartition("/")[2] in schema["components"]["schemas"]


async def test_it_tells_how_to_sign_in_and_what_is_what(app: FastAPI) -> None:
    async with client(app) as http:
        schema = (await http.get("/openapi.json")).json()
    ways = schema["components"]["securitySchemes"]
    assert (ways["bearer"]["type"], ways["bearer"]["scheme"]) == ("http", "bearer")
    key = ways["X-Kassa-Key"]
    assert (key["type"], key["in"], key["name"]) == ("apiKey", "header", "X-Kassa-Key")
    assert schema["paths"]["/api/orders"]["post"]["security"] == [{"bearer": []}]
    assert [each["name"] for each in schema["tags"]] == ["orders", "operations"]
    assert schema["info"]["title"] == "Kassa"
    assert "Retry-After" in schema["info"]["description"]
    assert set(schema["paths"]) == {"/api/orders", "/healthz", "/readyz", "/metrics"}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("/docs", "text/html; charset=utf-8"),
        ("/docs/docs.js", "text/javascript; charset=utf-8"),
        ("/docs/docs.css", "text/css; charset=utf-8"),
        ("/docs/swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
        ("/docs/swagger-ui.css", "text/css; charset=utf-8"),
    ],
)
async def test_its_files_are_packed_and_sent_once(closed: FastAPI, name: str, kind: str) -> None:
    async with client(closed) as http:
        packed = await http.get(name)
        plain = await http.get(name, headers={"accept-encoding": "identity"})
        again = await http.get(name, headers={"if-none-match": plain.headers["etag"]})
    assert packed.headers["content-type"] == plain.headers["content-type"] == kind
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert (again.status_code, again.content) == (304, b"")
    assert "unsafe" not in plain.headers["content-security-policy"]
    assert "script-src 'self';" in plain.headers["content-security-policy"]


@pytest.mark.parametrize("name", ["nothing.js", "..%2Fapp.py", "page.html%00", "main.py"])
async def test_no_other_file_is_served(closed: FastAPI, name: str) -> None:
    async with client(closed) as http:
        assert (await http.get(f"/docs/{name}")).status_code == 404


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("dark", 390)])
async def test_a_reader_tries_it(app: FastAPI, browser: Browser, scheme: str, width: int) -> None:
    complaints: list[str] = []
    async with served(app) as port:
        home = f"http://127.0.0.1:{port}"
        context = await browser.new_context(
            color_scheme="dark" if scheme == "dark" else "light",
            viewport={"width": width, "height": 844},
        )
        page = await context.new_page()
        page.on("console", lambda said: complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda each: complaints.append(each.url) if _foreign(each.url) else None)

        def _foreign(url: str) -> bool:
            return not url.startswith((home + "/", "data:"))

        await page.goto(home + "/docs")
        await page.get_by_text("/api/orders").click()
        await page.get_by_role("button", name="Try it out").click()
        await page.get_by_role("button", name="Execute").click()
        shown = page.locator(".live-responses-table .response-col_status").last
        await shown.wait_for()
        assert "200" in await shown.inner_text()
        wider = "document.documentElement.scrollWidth - innerWidth"
        assert await page.evaluate(wider) <= 0, "nothing scrolls sideways"
        ground = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == ("rgb(28, 32, 34)" if scheme == "dark" else "rgb(255, 255, 255)")
        await context.close()
    assert complaints == []


async def test_it_works_where_the_site_is_under_a_path(app: FastAPI) -> None:
    async with served(app) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        page = (await http.get("/docs")).text
    assert "swagger-ui-bundle.js" in page
    assert '="/' not in page
    assert "//" not in page, "and from nowhere else"
