"""What a browser is told: nothing may be framed or run, unless a route says so."""

import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from kassa.web import create_app
from kassa.web.security import TELEGRAM, page_policy
from tests.web.conftest import client, nothing


async def test_an_answer_of_the_api_runs_nothing_and_is_in_no_frame(closed: FastAPI) -> None:
    async with client(closed) as http:
        for path in ("/healthz", "/nothing", "/openapi.json"):
            answer = await http.get(path)
            assert answer.headers["content-security-policy"] == (
                "default-src 'none'; frame-ancestors 'none'"
            )
            assert "camera=()" in answer.headers["permissions-policy"]
            assert "payment=()" in answer.headers["permissions-policy"]
            assert answer.headers["referrer-policy"] == "no-referrer"


async def test_a_page_says_what_is_right_for_itself(closed: FastAPI) -> None:
    @closed.get("/app")
    async def page() -> HTMLResponse:
        policy = page_policy(
            frame_ancestors=[*TELEGRAM, "http://127.0.0.1:8091"], script=["https://telegram.org"]
        )
        return HTMLResponse("shop", headers={"Content-Security-Policy": policy})

    async with client(closed) as http:
        answer = await http.get("/app")
    (policy,) = answer.headers.get_list("content-security-policy")
    rules = dict(each.split(" ", 1) for each in policy.split("; "))
    assert rules["frame-ancestors"] == (
        "https://web.telegram.org https://*.telegram.org http://127.0.0.1:8091"
    )
    assert rules["script-src"] == "'self' https://telegram.org"
    assert rules["default-src"] == rules["base-uri"] == "'none'"
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_page_that_names_nobody_is_framed_by_nobody() -> None:
    assert page_policy().endswith("frame-ancestors 'none'")


@pytest.mark.parametrize("source", ["", "a b", "x; script-src *", "x,y", "x\r\nset-cookie: a=b"])
def test_a_source_adds_no_rule_of_its_own(source: str) -> None:
    with pytest.raises(ValueError, match="no source"):
        page_policy(frame_ancestors=[source])


@pytest.mark.parametrize(
    ("address", "proto", "told"),
    [
        ("10.0.0.1", "https", "max-age=31536000"),
        ("10.0.0.1", "http", None),
        ("203.0.113.9", "https", None),  # anybody can say so
    ],
)
async def test_who_came_by_https_is_to_come_by_https_again(
    address: str, proto: str, told: str | None
) -> None:
    app = create_app(nothing, trusted_proxies=["10.0.0.0/8"])
    async with client(app, address=address) as http:
        answer = await http.get("/healthz", headers={"x-forwarded-proto": proto})
    assert answer.headers.get("strict-transport-security") == told
