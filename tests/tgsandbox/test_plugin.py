"""The pytest plugin, in a pytest of its own."""

import pytest

pytest_plugins = ["pytester"]

TESTS = """
import pytest
from tgsandbox import Sandbox

async def test_talks(tg):
    bot, buyer = tg.bot("shop_bot"), tg.user("Buyer")
    await buyer.send(bot, "hello from a test that fails")
    assert bot.pending == []

@pytest.mark.sandbox(control=True, rate_limits=True, deadline=0.01)
async def test_takes_options(tg: Sandbox):
    assert tg.world.limits.on and tg.deadline == 0.01 and tg._control

async def test_each_has_its_own(tg):
    assert tg.world.users == {} and tg.world.bots == {} and not tg.world.limits.on

async def test_waits_in_vain(tg):
    await tg.user("Buyer").reply(timeout=0.01)

def test_without_it():
    assert 1 == 2
"""


def test_the_fixture_and_the_transcript_of_what_failed(pytester: pytest.Pytester) -> None:
    pytester.makeini(
        "[pytest]\nasyncio_mode = auto\naddopts = --strict-markers\n"
        "asyncio_default_fixture_loop_scope = function\n"
    )
    pytester.makepyfile(TESTS)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-W", "error")
    result.assert_outcomes(passed=2, failed=3)
    said = result.stdout.str()
    assert said.count("- Telegram -") == 2
    assert "Buyer → shop_bot: hello from a test that fails" in said
    assert "Buyer waited in vain for a reply." in said
    assert "Nothing was said." in said


def test_strict_mode_will_do(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nasyncio_mode = strict\n")
    pytester.makepyfile(
        "import pytest\n\n@pytest.mark.asyncio\nasync def test_it(tg):\n    assert tg.url\n"
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)


def test_no_harm_where_pytest_asyncio_is_missing(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.mkpydir("pytest_asyncio").joinpath("__init__.py").write_text("raise ImportError\n")
    pytester.makepyfile(
        """
        import sys

        def test_it():
            assert "tgsandbox.pytest_plugin" in sys.modules

        def test_with_it(tg):
            pass
        """
    )
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:asyncio")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*fixture 'tg' not found*"])
