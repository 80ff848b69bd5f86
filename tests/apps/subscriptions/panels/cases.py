"""Which panels a case is for."""

import pytest

from tests.apps.subscriptions.panels.sides import KINDS


def of(*kinds: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("bench", kinds or tuple(KINDS), indirect=True)


THEIRS = of("remnawave", "remnawave 2", "channel")  # somebody else's server
PANELS = of("remnawave", "remnawave 2")
