import pytest

from kassa.telegram import sender


@pytest.fixture(autouse=True)
def nobody_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chat hears a message a second, after the first three: tests/telegram holds that. Here
    people talk faster."""
    monkeypatch.setattr(sender, "CHAT", (0.02, 20))
