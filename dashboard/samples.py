"""Drawn listings to try Tally with: no photo may ship, so these are drawings and are labelled as such.

Every drawing is made anew by Pillow, four times too large and then shrunk, which smooths its edges.
"""

import io
import math
import zipfile
from collections.abc import Callable, Sequence
from functools import cache, partial
from random import Random

from PIL import Image, ImageDraw, ImageFilter, ImageOps

from engine.photos.decode import as_jpeg

Colour = tuple[int, int, int]
Point = tuple[float, float]
Box = tuple[float, float, float, float]

_SIZE = (480, 360)
_SCALE = 4


class _Canvas:
    """A drawing in units of its final pixels."""

    def __init__(self, background: tuple[Colour, Colour]) -> None:
        width, height = (side * _SCALE for side in _SIZE)
        mask = Image.linear_gradient("L").resize((width, height))
        top, bottom = (Image.new("RGB", (width, height), colour) for colour in background)
        self.image = Image.composite(bottom, top, mask)
        self.draw = ImageDraw.Draw(self.image)

    def line(self, points: list[Point], width: float, colour: Colour) -> None:
        scaled = [_scaled(point) for point in points]
        self.draw.line(scaled, fill=colour, width=round(width * _SCALE), joint="curve")
        for point in (scaled[0], scaled[-1]):
            self.draw.circle(point, width * _SCALE / 2, fill=colour)

    def ring(self, centre: Point, radius: float, width: float, colour: Colour) -> None:
        self.draw.circle(_scaled(centre), radius * _SCALE, outline=colour, width=round(width * _SCALE))

    def ellipse(self, box: Box, colour: Colour) -> None:
        self.draw.ellipse(_scaled(box), fill=colour)

    def arc(self, box: Box, angles: tuple[float, float], width: float, colour: Colour) -> None:
        self.draw.arc(_scaled(box), *angles, fill=colour, width=round(width * _SCALE))

    def rectangle(self, box: Box, radius: float, colour: Colour) -> None:
        self.draw.rounded_rectangle(_scaled(box), radius * _SCALE, fill=colour)

    def shadow(self, box: Box, darkness: int) -> None:
        mask = Image.new("L", self.image.size)
        ImageDraw.Draw(mask).ellipse(_scaled(box), fill=darkness)
        self.image.paste((0, 0, 0), mask=mask.filter(ImageFilter.GaussianBlur(6 * _SCALE)))

    def jpeg(self, *, mirror: bool = False) -> bytes:
        image = self.image.resize(_SIZE, Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        (ImageOps.mirror(image) if mirror else image).save(buffer, "JPEG", quality=90)
        return buffer.getvalue()


def _scaled(sides: Sequence[float]) -> tuple[float, ...]:
    return tuple(side * _SCALE for side in sides)


def _bicycle(background: tuple[Colour, Colour], frame: Colour, *, mirror: bool) -> bytes:
    canvas = _Canvas(background)
    rear, front, hub = (128.0, 240.0), (352.0, 240.0), (222.0, 245.0)
    canvas.shadow((50, 308, 430, 332), 110)
    for wheel in (rear, front):
        canvas.ring(wheel, 84, 9, (28, 28, 30))
        canvas.ring(wheel, 75, 3, (150, 152, 156))
        for spoke in range(14):
            angle = spoke * math.pi / 7
            rim = wheel[0] + 74 * math.cos(angle), wheel[1] + 74 * math.sin(angle)
            canvas.line([wheel, rim], 0.9, (165, 167, 170))
        canvas.ellipse((wheel[0] - 6, wheel[1] - 6, wheel[0] + 6, wheel[1] + 6), (70, 70, 74))
    seat, head = (188.0, 122.0), (318.0, 116.0)
    canvas.line([rear, hub], 5, frame)
    canvas.line([rear, seat], 5, frame)
    canvas.line([seat, hub], 8, frame)
    canvas.line([hub, (324, 138)], 8, frame)
    canvas.line([(190, 128), head], 8, frame)
    canvas.line([(314, 98), (326, 148), front], 7, frame)
    canvas.line([seat, (180, 96)], 5, (90, 90, 94))
    canvas.line([(156, 92), (184, 92), (206, 95)], 9, (24, 24, 26))
    canvas.line([(314, 98), (312, 84), (340, 78)], 5, (60, 60, 64))
    canvas.arc((322, 76, 362, 114), (-90, 100), 6, (24, 24, 26))
    canvas.ring(hub, 20, 5, (80, 82, 86))
    canvas.line([hub, (236, 282)], 5, (80, 82, 86))
    canvas.line([(226, 285), (248, 285)], 6, (30, 30, 32))
    canvas.line([(128, 234), (222, 226)], 2, (60, 60, 60))
    canvas.line([(128, 246), (222, 264)], 2, (60, 60, 60))
    return canvas.jpeg(mirror=mirror)


def _wheel(background: tuple[Colour, Colour]) -> bytes:
    canvas = _Canvas(background)
    x, y, wide, high, depth = 220.0, 178.0, 130.0, 150.0, 40
    canvas.shadow((x - wide * 0.7, y + high - 16, x + wide * 0.8 + depth, y + high + 14), 110)
    for step in range(depth // 3, -1, -1):  # the tread, from the far edge to the near one
        shift = step * 3
        canvas.ellipse((x - wide + shift, y - high, x + wide + shift, y + high), (26,) * 3 if step % 3 else (64,) * 3)
    for inset, colour in ((0, (38, 38, 41)), (7, (48, 48, 52)), (32, (176, 178, 184)), (40, background[0])):
        canvas.ellipse((x - wide + inset * 0.9, y - high + inset, x + wide - inset * 0.9, y + high - inset), colour)
    for spoke in range(28):
        angle = spoke * math.tau / 28
        canvas.line([(x, y), (x + 93 * math.cos(angle), y + 108 * math.sin(angle))], 1.6, (130, 132, 138))
    canvas.ellipse((x - 15, y - 20, x + 15, y + 20), (150, 152, 158))
    return canvas.jpeg()


def _mug(background: tuple[Colour, Colour], *, mirror: bool) -> bytes:
    body, light, dark = (236, 190, 60), (255, 218, 88), (196, 150, 20)
    canvas = _Canvas(background)
    canvas.shadow((120, 290, 340, 330), 120)
    canvas.arc((252, 116, 384, 262), (-100, 100), 20, dark)
    canvas.rectangle((128, 78, 312, 312), 26, body)
    canvas.rectangle((140, 92, 168, 300), 12, light)
    canvas.ellipse((128, 56, 312, 104), light)
    canvas.ellipse((138, 62, 302, 99), (72, 44, 28))
    return canvas.jpeg(mirror=mirror)


_WHITE = ((250, 250, 250), (232, 232, 234))
_GREY = ((205, 210, 214), (168, 172, 176))
_WOOD = ((214, 196, 170), (150, 122, 92))
_MEADOW = ((168, 205, 235), (120, 140, 96))

TITLES = {"bicycle": "A bicycle and its tire", "mug": "A mug from two sides", "tie": "A tied vote"}

_RED, _BLUE = (190, 32, 36), (30, 80, 160)
_LISTINGS: dict[str, dict[str, Callable[[], bytes]]] = {
    "bicycle": {
        "left side.jpg": partial(_bicycle, _WHITE, _RED, mirror=False),
        "right side.jpg": partial(_bicycle, _MEADOW, _RED, mirror=True),
        "tire.jpg": partial(_wheel, _GREY),
    },
    "mug": {
        "front.jpg": partial(_mug, _WHITE, mirror=False),
        "back.jpg": partial(_mug, _WOOD, mirror=True),
    },
    "tie": {
        "bicycle.jpg": partial(_bicycle, _WOOD, _BLUE, mirror=False),
        "tire.jpg": partial(_wheel, _WOOD),
    },
}

_CLASSES: dict[str, list[Callable[[], bytes]]] = {
    "bicycle": [
        partial(_bicycle, background, frame, mirror=mirror)
        for background, frame, mirror in ((_WHITE, _RED, False), (_MEADOW, _RED, True), (_WOOD, _BLUE, False))
    ],
    "mug": [partial(_mug, _WHITE, mirror=False), partial(_mug, _WOOD, mirror=True), partial(_mug, _GREY, mirror=False)],
    "tire": [partial(_wheel, background) for background in (_GREY, _WHITE, _MEADOW)],
}
_OF_A_CLASS = 12  # photos


def drawn_listing(name: str) -> list[tuple[str, bytes]]:
    """The (name, JPEG) drawings of the listing `name`, one of TITLES."""
    return [(photo, _drawn(name, photo)) for photo in _LISTINGS[name]]


def cover(name: str) -> bytes:
    """The first drawing of a listing; the others take their time only when they are wanted."""
    return _drawn(name, next(iter(_LISTINGS[name])))


@cache
def drawn_classes() -> bytes:
    """A ZIP of three classes to train on: each of its drawings as many photos, nearer or farther and aslant."""
    chance, buffer = Random(0), io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for label, makers in _CLASSES.items():
            drawings = [Image.open(io.BytesIO(make())) for make in makers]
            for number in range(_OF_A_CLASS):
                drawing = drawings[number % len(drawings)]
                photo = drawing.rotate(chance.uniform(-12, 12), Image.Resampling.BILINEAR, fillcolor=(225, 225, 225))
                share = chance.uniform(0.65, 0.95)
                wide, high = (round(side * share) for side in _SIZE)
                left, top = chance.randint(0, _SIZE[0] - wide), chance.randint(0, _SIZE[1] - high)
                archive.writestr(f"{label}/{number:02}.jpg", as_jpeg(photo.crop((left, top, left + wide, top + high))))
    return buffer.getvalue()


@cache
def _drawn(name: str, photo: str) -> bytes:
    return _LISTINGS[name][photo]()
