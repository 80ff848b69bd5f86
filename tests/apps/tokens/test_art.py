"""Pictures: the same words the same picture, other words another, of every size."""

import io
from collections import Counter

import pytest
from PIL import Image, ImageChops, ImageStat

from kassa.apps.tokens import styles
from kassa.apps.tokens.colours import Palette, oklch
from kassa.apps.tokens.drawing import PIXELS, draw, seeded


def test_the_same_words_are_the_same_picture() -> None:
    one = draw("Тихое море", 0, 512)
    assert draw("  тихое   МОРЕ\n", 0, 512) == one
    assert draw("тихое море", 1, 512) != one
    assert draw("бурное море", 0, 512) != one


def test_a_larger_one_is_the_same_picture() -> None:
    assert PIXELS == {"small": 512, "medium": 1024, "large": 2048}
    small, large = (
        Image.open(io.BytesIO(draw("городской закат", 3, pixels))) for pixels in (512, 1024)
    )
    assert (small.size, large.size) == ((512, 512), (1024, 1024))
    difference = ImageChops.difference(small, large.resize((512, 512), Image.Resampling.LANCZOS))
    assert max(ImageStat.Stat(difference).mean) < 6


@pytest.mark.parametrize("style", styles.ALL)
def test_every_style_fills_its_canvas(style: styles.Style) -> None:
    chance = seeded(style.__name__, 0)
    canvas = style(256, Palette.of(chance), chance)
    assert canvas.size == (256, 256)
    assert len(canvas.quantize(64).getcolors() or []) > 20
    assert max(ImageStat.Stat(canvas).stddev) > 10


def test_words_are_spread_over_all_styles() -> None:
    every = Counter(seeded(f"слово {n}", 0).randrange(len(styles.ALL)) for n in range(300))
    assert len(every) == len(styles.ALL)
    assert min(every.values()) > 20


def test_colours_are_as_light_as_they_should_be() -> None:
    assert oklch(1, 0, 0) == (255, 255, 255)
    assert oklch(0, 0, 0) == (0, 0, 0)
    assert oklch(0.628, 0.2577, 29.23) == (255, 0, 0)
