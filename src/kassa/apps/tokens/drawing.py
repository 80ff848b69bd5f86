"""Pictures from words: drawn here, by arithmetic. The same words always give the same picture, and
a larger one of them is the same picture, only larger."""

import hashlib
import io
import random

from PIL import Image

from kassa.apps.tokens import styles
from kassa.apps.tokens.colours import Palette

PIXELS = {"small": 512, "medium": 1024, "large": 2048}
FINER = 2  # drawn so much larger, since lines are drawn without soft edges


def draw(words: str, variation: int, pixels: int) -> bytes:
    """A JPEG. It takes a moment: for a thread."""
    chance = seeded(words, variation)
    style = styles.ALL[chance.randrange(len(styles.ALL))]
    palette = Palette.of(chance)
    canvas = style(pixels * FINER, palette, chance)
    picture = canvas.resize((pixels, pixels), Image.Resampling.LANCZOS)
    kept = io.BytesIO()
    picture.save(kept, "JPEG", quality=90, optimize=True)
    return kept.getvalue()


def seeded(words: str, variation: int) -> random.Random:
    """Capitals and spaces do not change a picture."""
    plain = " ".join(words.casefold().split())
    seed = hashlib.sha256(f"{variation}\n{plain}".encode()).digest()
    return random.Random(int.from_bytes(seed, "big"))  # noqa: S311 (art, no secret)
