"""Colours that go together: chosen by lightness, strength and hue as eyes see them (OKLCH)."""

import math
import random
from dataclasses import dataclass

Colour = tuple[int, int, int]

# How far apart the hues of a palette are, in degrees.
_HARMONIES = ((0, 25, 50, 180), (0, 120, 150, 240), (0, 30, 60, 90), (0, 150, 180, 210))


def oklch(light: float, strength: float, hue: float) -> Colour:
    """The nearest colour that a screen has."""
    a, b = strength * math.cos(math.radians(hue)), strength * math.sin(math.radians(hue))
    l3 = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    m3 = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    s3 = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        _byte(4.0767416621 * l3 - 3.3077115913 * m3 + 0.2309699292 * s3),
        _byte(-1.2684380046 * l3 + 2.6097574011 * m3 - 0.3413193965 * s3),
        _byte(-0.0041960863 * l3 - 0.7034186147 * m3 + 1.7076147010 * s3),
    )


def _byte(linear: float) -> int:
    linear = min(max(linear, 0.0), 1.0)
    shown = 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055
    return round(255 * shown)


def mix(one: Colour, other: Colour, part: float) -> Colour:
    r, g, b = (round(x + (y - x) * part) for x, y in zip(one, other, strict=True))
    return r, g, b


@dataclass(frozen=True, slots=True)
class Palette:
    hues: tuple[float, ...]

    @classmethod
    def of(cls, chance: random.Random) -> "Palette":
        first = chance.uniform(0, 360)
        apart = _HARMONIES[chance.randrange(len(_HARMONIES))]
        return cls(tuple((first + each) % 360 for each in apart))

    def dark(self, number: int = 0) -> Colour:
        return oklch(0.18, 0.05, self.hues[number])

    def deep(self, number: int = 0) -> Colour:
        return oklch(0.36, 0.10, self.hues[number])

    def vivid(self, number: int) -> Colour:
        return oklch(0.70, 0.16, self.hues[number % len(self.hues)])

    def bright(self, number: int) -> Colour:
        return oklch(0.84, 0.12, self.hues[number % len(self.hues)])

    def pale(self, number: int = 0) -> Colour:
        return oklch(0.95, 0.04, self.hues[number])
