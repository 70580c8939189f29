from __future__ import annotations

import pytest
from PIL import Image

from tests import samples
from tests.conversions import Desk, desk, heic, noise, opened, whole_exif
from whatsapp.events import Kind

__all__ = ["desk"]

STILL_BYTES, MOVING_BYTES = 100 * 1024, 500 * 1024


def milliseconds(image: Image.Image) -> int:
    total = 0
    for index in range(image.n_frames):  # type: ignore[attr-defined]
        image.seek(index)
        image.load()
        total += image.info["duration"]
    return total


class StillTests:
    @pytest.mark.parametrize(
        "content",
        [samples.picture(), samples.picture("PNG"), samples.picture("WEBP"), heic(), samples.photo_from_a_phone()],
    )
    def test_a_picture_becomes_a_sticker(self, desk: Desk, content: bytes) -> None:
        converted, made = desk.made(content, Kind.STICKER)
        image = opened(made)
        assert (image.format, image.size, getattr(image, "is_animated", False)) == ("WEBP", (512, 512), False)
        assert len(made) <= STILL_BYTES
        assert (converted.width, converted.height, converted.animated) == (512, 512, False)
        assert converted.changes

    def test_its_shape_is_kept_on_a_see_through_square(self, desk: Desk) -> None:
        _, made = desk.made(samples.picture("PNG", (400, 200)), Kind.STICKER)
        image = opened(made).convert("RGBA")
        assert image.getpixel((256, 20))[3] == 0
        assert image.getpixel((400, 256))[3] == 255

    def test_what_is_detailed_still_fits(self, desk: Desk) -> None:
        _, made = desk.made(samples.save(noise((900, 900), alpha=True), "PNG"), Kind.STICKER)
        assert len(made) <= STILL_BYTES

    def test_a_sticker_is_left_alone(self, desk: Desk) -> None:
        converted = desk.convert(samples.picture("WEBP", (512, 512)), Kind.STICKER)
        assert (converted.path, converted.changes, converted.refusal) == (None, (), "")

    def test_a_sticker_loses_its_place_and_not_one_pixel(self, desk: Desk) -> None:
        content = samples.picture("WEBP", (512, 512), exif=whole_exif(), xmp=b"<x:xmpmeta>at home")
        assert b"Camera of Ada" in content
        converted, made = desk.made(content, Kind.STICKER)
        assert opened(made).tobytes() == opened(content).tobytes()
        assert not opened(made).getexif()
        assert b"Ada" not in made
        assert b"xmpmeta" not in made
        assert converted.changes == ("Hidden details removed",)


class MovingTests:
    @pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
    def test_an_animation_becomes_a_moving_sticker(self, desk: Desk, format: str) -> None:
        converted, made = desk.made(samples.animation(format, frames=6), Kind.STICKER)
        image = opened(made)
        assert (image.format, image.size, image.n_frames) == ("WEBP", (512, 512), 6)  # type: ignore[attr-defined]
        assert converted.animated is True
        assert len(made) <= MOVING_BYTES

    def test_a_moving_sticker_is_left_alone(self, desk: Desk) -> None:
        converted = desk.convert(samples.animation("WEBP", size=(512, 512)), Kind.STICKER)
        assert (converted.path, converted.animated) == (None, True)

    def test_what_is_detailed_still_fits(self, desk: Desk) -> None:
        images = [noise((256, 256)).rotate(7 * index) for index in range(12)]
        content = samples.save(images[0], "GIF", save_all=True, append_images=images[1:], duration=80)
        _, made = desk.made(content, Kind.STICKER)
        assert len(made) <= MOVING_BYTES
        assert opened(made).n_frames > 1  # type: ignore[attr-defined]

    def test_a_long_one_is_cut(self, desk: Desk) -> None:
        images = [Image.new("RGB", (40, 40), (index * 4, 0, 0)) for index in range(40)]
        content = samples.save(images[0], "GIF", save_all=True, append_images=images[1:], duration=500)
        converted, made = desk.made(content, Kind.STICKER)
        assert "Cut after 10 seconds" in converted.changes
        assert milliseconds(opened(made)) == 10_000


class HostileTests:
    def test_a_bomb_is_refused(self, desk: Desk) -> None:
        assert "too many pixels" in desk.convert(samples.big_black_png(9000, 9000), Kind.STICKER).refusal

    def test_64_million_pixels_are_the_limit(self, desk: Desk) -> None:
        at_the_limit, above = samples.png_header(8000, 8000), samples.png_header(8001, 8000)
        assert "damaged" in desk.convert(at_the_limit, Kind.STICKER).refusal
        assert "too many pixels" in desk.convert(above, Kind.STICKER).refusal

    def test_half_a_file_is_refused(self, desk: Desk) -> None:
        whole = samples.save(noise((512, 512)), "WEBP")
        assert "damaged" in desk.convert(whole[: len(whole) // 2], Kind.STICKER).refusal

    def test_a_film_is_no_sticker(self, desk: Desk) -> None:
        assert desk.convert(samples.video(), Kind.STICKER).refusal
