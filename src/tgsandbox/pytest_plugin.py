"""For pytest: the fixture `tg`, and the transcript of a test that failed.

Needs pytest-asyncio. Options of the sandbox go on the test: `@pytest.mark.sandbox(seed=7)`.
"""

from collections.abc import AsyncIterator, Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tgsandbox import Sandbox

try:
    from pytest_asyncio import fixture as async_fixture
except ImportError:  # then there is no fixture, and no harm done
    async_fixture = None  # type: ignore[assignment]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "sandbox(**options): how the fixture `tg` is made")


if async_fixture is not None:

    @async_fixture
    async def tg(request: pytest.FixtureRequest) -> "AsyncIterator[Sandbox]":
        """Telegram, in this test."""
        from tgsandbox import Sandbox

        marker = request.node.get_closest_marker("sandbox")
        async with Sandbox(**(marker.kwargs if marker else {})) as sandbox:
            yield sandbox


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: "pytest.CallInfo[Any]"
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.when == "call" and report.failed:
        sandbox = getattr(item, "funcargs", {}).get("tg")
        if sandbox is not None and hasattr(sandbox, "transcript"):
            report.sections.append(("Telegram", sandbox.transcript()))
    return report
