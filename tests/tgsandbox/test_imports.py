"""What is loaded when: pytest imports the plugin in every project that has it installed."""

import subprocess
import sys

import pytest

import tgsandbox

HEAVY = {"aiohttp", "uvicorn", "starlette", "cryptography", "httptools"}


def loaded(code: str) -> set[str]:
    told = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(told.stdout.split())


@pytest.mark.parametrize("code", ["import tgsandbox", "import tgsandbox.pytest_plugin"])
def test_nothing_heavy_is_loaded_before_it_is_needed(code: str) -> None:
    found = loaded(code)
    assert "tgsandbox" in found
    assert found & HEAVY == set()
    assert "tgsandbox.sandbox" not in found
    assert "tgsandbox.sandbox" in loaded(f"{code}\nimport tgsandbox\ntgsandbox.Sandbox()")


def test_the_page_and_control_are_loaded_when_they_are_served() -> None:
    assert "starlette" not in loaded("import tgsandbox\ntgsandbox.Sandbox()")


def test_every_name_is_there() -> None:
    for name in tgsandbox.__all__:
        found = getattr(tgsandbox, name)
        assert found.__name__ == name
        assert vars(tgsandbox)[name] is found, "looked for once"
    with pytest.raises(AttributeError, match="module 'tgsandbox' has no attribute 'Nothing'"):
        _ = tgsandbox.Nothing  # type: ignore[attr-defined]
