"""Pictures drawn when they are needed: believable photos of a bicycle shop's customers, stickers, pages."""

from __future__ import annotations

import io
import math
import random
from collections.abc import Callable, Sequence

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Point = tuple[float, float]
Colour = str | tuple[int, int, int]
#: Shapes are drawn this much larger and scaled down, for smooth edges.
_OVERSAMPLE = 2


class Canvas:
    """A picture of ``width`` × ``height`` units, each ``scale`` pixels."""

    def __init__(self, width: int, height: int, scale: float = 1, mode: str = "RGB") -> None:
        self._unit = scale * _OVERSAMPLE
        self._size = (round(width * scale), round(height * scale))
        self.image = Image.new(mode, (round(width * self._unit), round(height * self._unit)))
        self._draw = ImageDraw.Draw(self.image)

    def _points(self, points: Sequence[Point]) -> list[Point]:
        return [(x * self._unit, y * self._unit) for x, y in points]

    def gradient(self, top: float, bottom: float, *stops: str) -> None:
        """Fill the rows between top and bottom with these colours, one into the next."""
        strip = Image.new("RGB", (1, len(stops)))
        strip.putdata([Image.new("RGB", (1, 1), stop).getpixel((0, 0)) for stop in stops])
        first, last = round(top * self._unit), round(bottom * self._unit)
        filled = strip.resize((self.image.width, last - first), Image.Resampling.BILINEAR)
        self.image.paste(filled, (0, first))

    def shape(self, colour: Colour, *points: Point) -> None:
        self._draw.polygon(self._points(points), fill=colour)

    def box(self, colour: Colour, left: float, top: float, right: float, bottom: float) -> None:
        self.shape(colour, (left, top), (right, top), (right, bottom), (left, bottom))

    def line(self, colour: Colour, width: float, *points: Point) -> None:
        placed = self._points(points)
        thick = max(round(width * self._unit), 1)
        self._draw.line(placed, fill=colour, width=thick, joint="curve")
        for x, y in (placed[0], placed[-1]):
            self._draw.ellipse((x - thick / 2, y - thick / 2, x + thick / 2, y + thick / 2), fill=colour)

    def disc(self, colour: Colour, x: float, y: float, radius: float) -> None:
        self._draw.ellipse(
            [part * self._unit for part in (x - radius, y - radius, x + radius, y + radius)], fill=colour
        )

    def ring(self, colour: Colour, width: float, x: float, y: float, radius: float) -> None:
        outer = radius + width / 2
        edge = [part * self._unit for part in (x - outer, y - outer, x + outer, y + outer)]
        self._draw.ellipse(edge, outline=colour, width=max(round(width * self._unit), 1))

    def arc(self, colour: Colour, width: float, x: float, y: float, radius: float, start: float, end: float) -> None:
        edge = [part * self._unit for part in (x - radius, y - radius, x + radius, y + radius)]
        self._draw.arc(edge, start, end, fill=colour, width=max(round(width * self._unit), 1))

    def glow(self, colour: tuple[int, int, int], x: float, y: float, radius: float) -> None:
        """Light around a lamp."""
        light = Image.new("RGB", self.image.size)
        at = [part * self._unit for part in (x - radius / 3, y - radius / 3, x + radius / 3, y + radius / 3)]
        ImageDraw.Draw(light).ellipse(at, fill=colour)
        small = light.resize((light.width // 8, light.height // 8)).filter(
            ImageFilter.GaussianBlur(radius * self._unit / 32)
        )
        self.image.paste(ImageChops.screen(self.image, small.resize(light.size)))

    def finished(self, grain: int = 0) -> Image.Image:
        """The picture at its size, with a camera's grain when asked for."""
        image = self.image.resize(self._size, Image.Resampling.LANCZOS)
        if grain:
            noise = Image.effect_noise(image.size, grain).convert("RGB")
            image = ImageChops.overlay(image, Image.blend(Image.new("RGB", image.size, (128, 128, 128)), noise, 0.5))
        return image


def bicycle(canvas: Canvas, x: float, y: float, size: float, colour: Colour, width: float, turn: float = 0) -> None:
    """A bicycle whose rear wheel's hub is at x, y and whose wheelbase is ``size``."""
    radius = size * 0.34
    for hub in (x, x + size):
        canvas.ring(colour, width, hub, y, radius)
        for spoke in range(0, 180, 36):
            angle = math.radians(spoke + turn)
            dx, dy = math.cos(angle) * radius, math.sin(angle) * radius
            canvas.line(colour, width / 5, (hub - dx, y - dy), (hub + dx, y + dy))
    crank, seat, head = (x + size * 0.42, y), (x + size * 0.3, y - size * 0.5), (x + size * 0.82, y - size * 0.5)
    canvas.line(colour, width, (x, y), seat, head, crank, (x, y))
    canvas.line(colour, width, crank, seat, (seat[0] - size * 0.03, seat[1] - size * 0.08))
    canvas.line(
        colour, width, (seat[0] - size * 0.1, seat[1] - size * 0.1), (seat[0] + size * 0.08, seat[1] - size * 0.1)
    )
    canvas.line(colour, width, (x + size, y), head, (head[0] - size * 0.03, head[1] - size * 0.1))
    canvas.line(
        colour, width, (head[0] - size * 0.03, head[1] - size * 0.1), (head[0] + size * 0.1, head[1] - size * 0.14)
    )


def hills(scale: float = 2.5, ride: float = 0) -> Image.Image:
    """A bicycle in front of hills at dusk; ``ride`` moves it from 0 to 1."""
    canvas = Canvas(640, 400, scale)
    canvas.gradient(0, 300, "#3b4a7a", "#8b6b80", "#c98a72", "#f0c38e")
    canvas.disc("#ffe9bd", 470, 190, 44)
    canvas.shape("#7a5a6d", *_ridge(270, 46, 150, 0.8), (640, 400), (0, 400))
    canvas.shape("#55425e", *_ridge(305, 24, 110, 2.2), (640, 400), (0, 400))
    canvas.shape("#3d3350", *((x, 338 - 0.02 * x) for x in range(0, 641, 20)), (640, 400), (0, 400))
    bicycle(canvas, 150 + 240 * ride, 302 - 5 * ride, 112, "#16121f", 6, turn=ride * 540)
    return canvas.finished()


def _ridge(base: float, height: float, length: float, phase: float) -> list[Point]:
    return [(x, base - height * math.sin(x / length + phase)) for x in range(0, 641, 10)]


def parcel(scale: float = 4) -> Image.Image:
    """A dented cardboard box in front of a door."""
    canvas = Canvas(400, 400, scale)
    canvas.gradient(0, 280, "#d9cfc0", "#b3a48f")
    canvas.gradient(280, 400, "#8d7b66", "#5e5041")
    canvas.box("#7c6a55", 40, 0, 130, 280)
    canvas.box("#6d5c49", 52, 14, 118, 124)
    canvas.box("#6d5c49", 52, 140, 118, 264)
    canvas.disc("#c9a25a", 121, 150, 4)
    canvas.shape("#4a3e31", (128, 308), (202, 366), (366, 322), (352, 300), (202, 344))
    canvas.shape("#d6ab74", (120, 180), (270, 156), (352, 196), (202, 226))
    canvas.shape("#a97c49", (120, 180), (202, 226), (202, 360), (120, 304))
    canvas.shape("#c2935b", (202, 226), (352, 196), (352, 320), (202, 360))
    canvas.line("#e9d3ab", 11, (196, 168), (277, 211), (277, 340))
    canvas.shape("#7e5a31", (310, 310), (352, 276), (352, 320), (322, 328))
    canvas.shape("#f4efe4", (222, 262), (262, 253), (262, 292), (222, 302))
    for row in range(4):
        canvas.line("#5a5046", 1.4, (228, 270 + row * 7), (254 - row * 4, 264 + row * 7))
    return canvas.finished(grain=18)


def wheel(scale: float = 4) -> Image.Image:
    """A wheel with a buckled rim, close up."""
    canvas = Canvas(400, 400, scale)
    canvas.gradient(0, 300, "#cfc9be", "#bdb6a9")
    canvas.gradient(300, 400, "#9c9385", "#857c6f")
    canvas.line("#1d4b50", 26, (215, 205), (20, 60))
    canvas.line("#4b979a", 16, (213, 200), (20, 56))
    canvas.ring("#23211f", 26, 215, 205, 165)
    canvas.ring("#8f959b", 9, 215, 205, 145)
    for spoke in range(0, 360, 20):
        angle = math.radians(spoke)
        bent = 6 if spoke in (40, 60, 80) else 0
        end = (215 + math.cos(angle) * 146 + bent, 205 + math.sin(angle) * 146 - bent)
        canvas.line("#6e7479", 2.2, (215, 205), end)
    canvas.disc("#3a3d40", 215, 205, 24)
    canvas.disc("#a9afb4", 215, 205, 10)
    return canvas.finished(grain=16)


def street(scale: float = 2.5) -> Image.Image:
    """A shop front in the evening, a bicycle before it."""
    canvas = Canvas(640, 480, scale)
    canvas.gradient(0, 480, "#2a2f45", "#59506b")
    canvas.box("#3b3550", 60, 120, 290, 380)
    canvas.box("#453c58", 330, 70, 590, 380)
    canvas.box("#f3c983", 84, 230, 266, 380)
    canvas.box("#8a3f2b", 84, 200, 266, 230)
    for stripe in range(84, 266, 26):
        canvas.box("#d9a862", stripe, 200, stripe + 13, 230)
    canvas.box("#d9a862", 356, 240, 446, 380)
    canvas.box("#efc27a", 470, 240, 566, 320)
    for left in (356, 430, 506):
        canvas.box("#2c2740", left, 110, left + 50, 180)
    canvas.box("#26222f", 0, 380, 640, 480)
    canvas.glow((190, 140, 80), 175, 290, 210)
    bicycle(canvas, 360, 392, 120, "#141118", 7)
    return canvas.finished(grain=20)


def receipt(scale: float = 3) -> Image.Image:
    """A photographed receipt, tall."""
    canvas = Canvas(300, 520, scale)
    canvas.gradient(0, 520, "#6b5d4c", "#4d4236")
    canvas.shape("#f6f2ea", (44, 30), (262, 20), (270, 486), (52, 500))
    rows = random.Random(7)  # noqa: S311 (the same picture each time, nothing to guess)
    for row in range(14):
        y = 120 + row * 22
        canvas.line("#9a948a", 4, (66, y), (66 + 60 + rows.random() * 60, y - 2))
        canvas.line("#8a847b", 4, (222, y - 6), (248, y - 7))
    canvas.line("#2f6f73", 10, (66, 62), (170, 58))
    canvas.line("#6b655d", 4, (66, 84), (140, 81))
    canvas.line("#3a352e", 7, (66, 452), (140, 449))
    canvas.line("#3a352e", 7, (212, 446), (252, 444))
    return canvas.finished(grain=14)


def face(size: int = 512, blink: float = 0, tilt: float = 0) -> Image.Image:
    """The sticker: a face with a cycling helmet, on nothing."""
    canvas = Canvas(140, 140, size / 140, mode="RGBA")
    canvas.disc("#ffffff", 70, 72, 60)
    canvas.disc("#f4b740", 70, 72, 53)
    for left in (52, 88):
        canvas.arc("#3a2a10", 5, left, 66, 10, 190 + 20 * blink, 350 - 20 * blink)
    canvas.shape("#3a2a10", *((70 + 30 * math.cos(a / 10), 80 + 22 * math.sin(a / 10)) for a in range(32)))
    canvas.shape("#e8604f", *((70 + 15 * math.cos(a / 10), 93 + 6 * math.sin(a / 10)) for a in range(63)))
    canvas.shape("#2f6f73", *((71 + 42 * math.cos(a / 10), 42 - 34 * math.sin(a / 10)) for a in range(32)))
    for left in (52, 70, 88):
        canvas.line("#8fc4c5", 4, (left, 20 + abs(left - 70) / 4), (left, 40))
    return canvas.finished().rotate(tilt, Image.Resampling.BICUBIC)


def jpeg(draw: Callable[[], Image.Image]) -> bytes:
    """A drawing as a camera would store it."""
    file = io.BytesIO()
    draw().convert("RGB").save(file, "JPEG", quality=82, optimize=True)
    return file.getvalue()


def png(draw: Callable[[], Image.Image]) -> bytes:
    file = io.BytesIO()
    draw().save(file, "PNG", optimize=True)
    return file.getvalue()


def sticker() -> bytes:
    """A static WebP sticker, 512 × 512, under the 100 KB that WhatsApp takes."""
    file = io.BytesIO()
    face().save(file, "WEBP", quality=80)
    return file.getvalue()


def animated_sticker() -> bytes:
    """An animated WebP sticker, 512 × 512, under 500 KB."""
    steps = [math.sin(step / 12 * 2 * math.pi) for step in range(12)]
    frames = [face(blink=max(0, step), tilt=9 * step) for step in steps]
    file = io.BytesIO()
    frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:], duration=80, loop=0, quality=60)
    return file.getvalue()
