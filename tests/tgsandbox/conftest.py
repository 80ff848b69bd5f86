"""What the sandbox logs is heard, whatever level others have left behind."""

import pytest


@pytest.fixture(autouse=True)
def heard(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "tgsandbox")
