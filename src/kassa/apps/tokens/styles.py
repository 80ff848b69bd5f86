"""Ways to draw. Each is given a canvas' side in pixels, colours, and chance that repeats itself;
all lengths are parts of the side, so that chance is asked the same whatever the size."""

import math
import random
from collections.abc import Callable
from itertools import pairwise

from PIL import Image, ImageDraw, ImageFilter

from kassa.apps.tokens.colours import Colour, Palette, mix

Point = tuple[float, float]
Pen = tuple[ImageDraw.ImageDraw, int]  # and the side that it draws on
Style = Callable[[int, Palette, random.Random], Image.Image]


def hills(side: int, palette: Palette, chance: random.Random) -> Image.Image:
    """Ridge behind ridge under a low sun, and its light on the water."""
    low, high = palette.bright(1), palette.deep(0)
    canvas = _sky(side, high, low)
    x, y, r = chance.uniform(0.25, 0.75), chance.uniform(0.3, 0.48), chance.uniform(0.06, 0.11)
    canvas = _glow(canvas, (x, y), r * 5, palette.pale(1), 0.75)
    ink = ImageDraw.Draw(canvas, "RGBA")
    _disc((ink, side), (x, y), r, palette.pale(1))
    many = chance.randint(5, 7)
    for number in range(many):
        near = (number + 1) / many
        colour = mix(mix(low, high, 0.35), palette.dark(0), near**0.8)
        line = _ridge(chance, 0.42 + 0.42 * near**1.2, 0.11 + 0.05 * near, 0.5)
        points = [(px * side, py * side) for px, py in line]
        ink.polygon([*points, (side, side), (0, side)], fill=colour)
    water = 0.86
    ink.rectangle((0, water * side, side, side), fill=mix(palette.dark(0), low, 0.25))
    for number in range(46):
        down = (number / 46) ** 1.4
        wide = r * (0.5 + 2.2 * down) * chance.uniform(0.3, 1)
        at, depth = x + chance.gauss(0, 0.012 + 0.05 * down), water + (1 - water) * down
        box = [(at - wide) * side, depth * side, (at + wide) * side, (depth + 0.0035) * side]
        ink.rounded_rectangle(box, 0.002 * side, fill=(*palette.pale(1), 120))
    return canvas


def currents(side: int, palette: Palette, chance: random.Random) -> Image.Image:
    """Lines that follow a wind that nobody sees."""
    canvas = _sky(side, palette.dark(0), mix(palette.dark(3), palette.deep(3), 0.4))
    ink = ImageDraw.Draw(canvas, "RGBA")
    waves = [
        (chance.uniform(1.5, 7), chance.uniform(1.5, 7), chance.uniform(0, 6.3), 1 / (n + 1))
        for n in range(4)
    ]
    turn = chance.uniform(0, 6.3)
    for number in range(1300):
        x, y = chance.uniform(-0.05, 1.05), chance.uniform(-0.05, 1.05)
        which = 0.5 + 0.5 * math.sin(3 * x + 4 * y + turn)
        colour = mix(palette.vivid(int(which * 3.99)), palette.bright(number % 4), which)
        path = []
        for _ in range(chance.randint(20, 70)):
            path.append((x * side, y * side))
            sway = sum(k * math.sin(a * x + b * y * math.cos(p) + p) for a, b, p, k in waves)
            angle = turn + 2.1 * sway
            x, y = x + 0.0055 * math.cos(angle), y + 0.0055 * math.sin(angle)
        thick = chance.choice((0.0008, 0.0012, 0.002, 0.0035))
        ink.line(path, fill=(*colour, 150), width=max(1, round(thick * side)), joint="curve")
    return canvas


def mandala(side: int, palette: Palette, chance: random.Random) -> Image.Image:
    """Petals around a middle, ring upon ring."""
    canvas = _glow(
        _sky(side, palette.dark(0), palette.dark(1)), (0.5, 0.5), 0.6, palette.deep(0), 1
    )
    ink = ImageDraw.Draw(canvas, "RGBA")
    petals = chance.choice((8, 10, 12, 14, 16))
    rings = chance.randint(6, 8)
    for ring in range(rings, 0, -1):
        far = 0.46 * ring / rings
        many = petals * (2 if ring > rings * 0.6 else 1)
        wide = math.pi / many * chance.uniform(0.7, 1.3)
        begin, bow = far * chance.uniform(0.35, 0.7), chance.uniform(0.5, 1.3)
        fill, edge = palette.vivid(ring), palette.bright(ring + 1)
        shift = math.pi / many * (ring % 2)
        for each in range(many):
            angle = 2 * math.pi * each / many + shift
            shape = _petal(side, angle, (begin, far), wide, bow)
            ink.polygon(shape, fill=(*fill, 96))
            ink.line([*shape, shape[0]], fill=(*edge, 230), width=max(1, side // 700))
            _disc((ink, side), _around(angle, far * 1.015), 0.004 + 0.004 * (ring % 3), edge)
    _disc((ink, side), (0.5, 0.5), 0.035, palette.pale(0))
    _disc((ink, side), (0.5, 0.5), 0.022, palette.vivid(2))
    return canvas


def planets(side: int, palette: Palette, chance: random.Random) -> Image.Image:
    """A world with a ring, its moons, and the stars behind."""
    canvas = _sky(side, palette.dark(0), mix(palette.dark(2), palette.deep(2), 0.5))
    for number in range(4):
        x, y = chance.random(), chance.random()
        canvas = _glow(canvas, (x, y), chance.uniform(0.2, 0.5), palette.deep(number), 0.5)
    ink = ImageDraw.Draw(canvas, "RGBA")
    for _ in range(420):
        size = chance.uniform(0.0006, 0.0022)
        bright = chance.randint(60, 255)
        _disc((ink, side), (chance.random(), chance.random()), size, palette.pale(0), bright)
    x, y, r = chance.uniform(0.4, 0.6), chance.uniform(0.42, 0.58), chance.uniform(0.17, 0.24)
    tilt = chance.uniform(-0.5, 0.5)
    flat = chance.uniform(0.18, 0.32)
    bands = [chance.uniform(0.25, 1) for _ in range(14)]
    _rings(ink, side, (x, y, r, tilt, flat), palette, bands, front=False)
    _ball(canvas, side, (x, y, r), palette, chance)
    ink = ImageDraw.Draw(canvas, "RGBA")
    _rings(ink, side, (x, y, r, tilt, flat), palette, bands, front=True)
    for number in range(chance.randint(1, 3)):
        angle, far = chance.uniform(0, 6.3), chance.uniform(0.3, 0.42)
        at = (0.5 + far * math.cos(angle), 0.5 + far * math.sin(angle), chance.uniform(0.02, 0.05))
        _ball(canvas, side, at, Palette(palette.hues[number:] + palette.hues[:number]), chance)
    return canvas


def seeds(side: int, palette: Palette, chance: random.Random) -> Image.Image:
    """As in a sunflower: each a golden angle further than the one before."""
    canvas = _glow(
        _sky(side, palette.pale(0), palette.pale(1)), (0.5, 0.5), 0.6, (255, 255, 255), 1
    )
    ink = ImageDraw.Draw(canvas, "RGBA")
    golden = math.pi * (3 - math.sqrt(5)) + chance.choice((0, 0, 0.0015, -0.0015))
    many = chance.randint(500, 900)
    wave, shift = chance.randint(2, 6), chance.uniform(0, 6.3)
    for number in range(many, 0, -1):
        part = number / many
        angle, far = number * golden, 0.45 * math.sqrt(part)
        x, y = 0.5 + far * math.cos(angle), 0.5 + far * math.sin(angle)
        size = 0.004 + 0.022 * part * (0.6 + 0.4 * math.sin(wave * angle + shift + 9 * part))
        colour = mix(palette.vivid(number), palette.vivid(int(part * 3.99)), 0.7)
        _disc((ink, side), (x, y), size, colour, 205)
        light = (x - size * 0.3, y - size * 0.3)
        _disc((ink, side), light, size * 0.3, palette.pale(0), 110)
    return canvas


def facets(side: int, palette: Palette, chance: random.Random) -> Image.Image:
    """A sheet of glass, broken into triangles, with the light from one side."""
    canvas = Image.new("RGB", (side, side), palette.deep(0))
    ink = ImageDraw.Draw(canvas)
    many = chance.randint(12, 18)
    step = 1 / many
    points = [
        [
            (
                (column - 1 + (row % 2) / 2) * step + chance.uniform(-0.38, 0.38) * step,
                (row - 1) * step + chance.uniform(-0.38, 0.38) * step,
            )
            for column in range(many + 3)
        ]
        for row in range(many + 3)
    ]
    cx, cy = chance.uniform(0.2, 0.8), chance.uniform(0.2, 0.8)
    stops = [palette.bright(1), palette.vivid(0), palette.vivid(2), palette.deep(3)]
    for row in range(many + 2):
        for column in range(many + 2):
            a, b = points[row][column], points[row][column + 1]
            c, d = points[row + 1][column], points[row + 1][column + 1]
            pair = ((a, b, c), (b, d, c)) if row % 2 == 0 else ((a, b, d), (a, d, c))
            for corners in pair:
                mx, my = (sum(each[i] for each in corners) / 3 for i in (0, 1))
                far = min(math.hypot(mx - cx, my - cy) / 0.95, 0.999)
                colour = _stop(stops, min(max(far + chance.gauss(0, 0.05), 0), 0.999))
                lit = chance.uniform(-0.12, 0.16)
                tone: Colour = (255, 255, 255) if lit > 0 else palette.dark(0)
                ink.polygon(
                    [(px * side, py * side) for px, py in corners], fill=mix(colour, tone, abs(lit))
                )
    return canvas


ALL: tuple[Style, ...] = (hills, currents, mandala, planets, seeds, facets)


# -- what they share ---------------------------------------------------------------


def _sky(side: int, top: Colour, bottom: Colour) -> Image.Image:
    light = Image.linear_gradient("L").resize((side, side), Image.Resampling.BICUBIC)
    return Image.composite(
        Image.new("RGB", (side, side), bottom), Image.new("RGB", (side, side), top), light
    )


def _glow(canvas: Image.Image, at: Point, r: float, colour: Colour, strength: float) -> Image.Image:
    """Light that fades with distance."""
    (x, y), side = at, canvas.width
    size = max(2, round(2 * r * side))
    spot = Image.radial_gradient("L").resize((size, size), Image.Resampling.BICUBIC)
    spot = spot.point([round((1 - min(1, i / 181)) ** 2 * 255 * strength) for i in range(256)])
    mask = Image.new("L", (side, side), 0)
    mask.paste(spot, (round((x - r) * side), round((y - r) * side)))
    return Image.composite(Image.new("RGB", canvas.size, colour), canvas, mask)


def _disc(pen: Pen, at: Point, r: float, colour: Colour, alpha: int = 255) -> None:
    (ink, side), (x, y) = pen, at
    box = ((x - r) * side, (y - r) * side, (x + r) * side, (y + r) * side)
    ink.ellipse(box, fill=(*colour, alpha))


def _ridge(
    chance: random.Random, height: float, rough: float, keeps: float
) -> list[tuple[float, float]]:
    """The middle of each piece is moved up or down, and by less each time."""
    heights = [height + chance.uniform(-rough, rough) * 0.5 for _ in range(3)]
    for _ in range(8):
        rough *= keeps
        finer = [heights[0]]
        for one, other in pairwise(heights):
            finer += [(one + other) / 2 + chance.uniform(-rough, rough) * 0.6, other]
        heights = finer
    return [(number / (len(heights) - 1), each) for number, each in enumerate(heights)]


def _around(angle: float, far: float) -> Point:
    """From the middle."""
    return 0.5 + far * math.cos(angle), 0.5 + far * math.sin(angle)


def _petal(
    side: int, angle: float, reach: Point, wide: float, bow: float
) -> list[tuple[float, float]]:
    (begin, end), shape = reach, []
    for number in range(33):
        part = 1 - abs(number / 16 - 1)  # out, and back on the other side
        sign = 1 if number <= 16 else -1
        far = begin + (end - begin) * part
        turn = angle + sign * wide * math.sin(math.pi * part**bow)
        shape.append(((0.5 + far * math.cos(turn)) * side, (0.5 + far * math.sin(turn)) * side))
    return shape


def _ball(
    canvas: Image.Image,
    side: int,
    at: tuple[float, float, float],
    palette: Palette,
    chance: random.Random,
) -> None:
    """Striped, and lit from above on the left."""
    x, y, r = at
    size = max(8, round(2 * r * side))
    ball = Image.new("RGB", (size, size), palette.vivid(0))
    ink = ImageDraw.Draw(ball)
    top = 0.0
    while top < 1:
        high = chance.uniform(0.02, 0.13)
        colour = mix(palette.vivid(chance.randrange(3)), palette.bright(0), chance.uniform(0, 0.5))
        ink.rectangle((0, top * size, size, (top + high) * size), fill=colour)
        top += high
    ball = ball.filter(ImageFilter.GaussianBlur(size / 90))
    shade = Image.radial_gradient("L").resize((size * 2, size * 2), Image.Resampling.BICUBIC)
    left = round(size * 0.68)
    shade = shade.crop((left, left, left + size, left + size))
    shade = shade.point([min(255, round((i / 190) ** 1.7 * 255)) for i in range(256)])
    ball = Image.composite(Image.new("RGB", (size, size), palette.dark(0)), ball, shade)
    mask = Image.new("L", (size, size), 0)
    ImageDraw.Draw(mask).ellipse((1, 1, size - 2, size - 2), fill=255)
    canvas.paste(ball, (round((x - r) * side), round((y - r) * side)), mask)


def _rings(
    ink: ImageDraw.ImageDraw,
    side: int,
    at: tuple[float, float, float, float, float],
    palette: Palette,
    bands: list[float],
    *,
    front: bool,
) -> None:
    x, y, r, tilt, flat = at
    for number, strength in enumerate(bands):
        far = r * (1.35 + 0.06 * number)
        begin = 0.0 if front else math.pi
        path = []
        for step in range(65):
            angle = begin + math.pi * step / 64
            dx, dy = far * math.cos(angle), far * flat * math.sin(angle)
            px = x + dx * math.cos(tilt) - dy * math.sin(tilt)
            py = y + dx * math.sin(tilt) + dy * math.cos(tilt)
            path.append((px * side, py * side))
        colour = (*mix(palette.bright(1), palette.pale(0), number / 14), round(200 * strength))
        ink.line(path, fill=colour, width=max(1, round(0.045 * r * side)))


def _stop(stops: list[Colour], part: float) -> Colour:
    place = part * (len(stops) - 1)
    return mix(stops[int(place)], stops[int(place) + 1], place - int(place))
