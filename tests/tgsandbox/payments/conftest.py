import pytest

from tests.tgsandbox.payments.shop import Shop


@pytest.fixture
def shop() -> Shop:
    return Shop()
