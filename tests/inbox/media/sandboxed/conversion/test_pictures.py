from __future__ import annotations

import struct
import zlib

import pytest
from PIL import Image, ImageCms, ImageDraw

from tests import samples
from tests.conversions import Desk, desk, heic, noise, opened, whole_exif
from whatsapp.events import Kind

__all__ = ["desk"]

MAX_BYTES = 5 * 1024 * 1024
RED, BLUE = (254, 0, 0), (0, 0, 254)


def close(found: object, wanted: tuple[int, ...], by: int = 12) -> bool:
    assert isinstance(found, tuple)
    return all(abs(one - other) <= by for one, other in zip(found, wanted, strict=True))


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


class FormatTests:
    @pytest.mark.parametrize("format", ["WEBP", "AVIF", "TIFF", "BMP", "GIF"])
    def test_what_whatsapp_refuses_becomes_a_jpeg(self, desk: Desk, format: str) -> None:
        converted, made = desk.made(samples.picture(format), Kind.IMAGE)
        image = opened(made)
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (320, 200))
        assert (converted.width, converted.height) == (320, 200)
        assert converted.changes == (f"Converted from {format.replace('WEBP', 'WebP')} to JPEG",)
        assert close(image.getpixel((100, 150)), RED)
        assert close(image.getpixel((250, 150)), BLUE)

    def test_an_iphone_photo_becomes_a_jpeg_without_its_place(self, desk: Desk) -> None:
        content = heic(exif=whole_exif())
        assert b"Camera of Ada" in content
        converted, made = desk.made(content, Kind.IMAGE)
        assert converted.changes == ("Converted from HEIC to JPEG", "Location and camera details removed")
        image = opened(made)
        assert (image.format, image.size, dict(image.getexif())) == ("JPEG", (320, 200), {})
        assert b"Camera of Ada" not in made

    def test_an_iphone_photo_is_turned_once(self, desk: Desk) -> None:
        converted, made = desk.made(heic(exif=whole_exif(orientation=6)), Kind.IMAGE)
        assert opened(made).size == (converted.width, converted.height)
        assert not opened(made).getexif()

    def test_what_is_see_through_stays_so(self, desk: Desk) -> None:
        image = Image.new("RGBA", (60, 40), (255, 0, 0, 0))
        converted, made = desk.made(samples.save(image, "WEBP", lossless=True, exact=True), Kind.IMAGE)
        assert opened(made).format == "PNG"
        assert opened(made).getpixel((5, 5)) == (255, 0, 0, 0)
        assert converted.changes == ("Converted from WebP to PNG",)

    @pytest.mark.parametrize("format", ["AVIF", "TIFF"])
    def test_a_see_through_photo_becomes_jpeg_on_white(self, desk: Desk, format: str) -> None:
        image = Image.new("RGBA", (60, 40), (255, 0, 0, 0))
        converted, made = desk.made(samples.save(image, format), Kind.IMAGE)
        assert (opened(made).format, converted.extension) == ("JPEG", ".jpg")
        assert min(opened(made).getpixel((30, 20))) > 240
        assert "Transparent parts are white now" in converted.changes

    def test_an_unused_alpha_channel_does_not_make_a_png(self, desk: Desk) -> None:
        _, made = desk.made(samples.save(Image.new("RGBA", (60, 40), "red"), "WEBP"), Kind.IMAGE)
        assert opened(made).format == "JPEG"

    def test_of_an_animation_the_first_picture_is_sent_and_that_is_said(self, desk: Desk) -> None:
        converted, made = desk.made(samples.animation("GIF"), Kind.IMAGE)
        assert "Only the first picture of the animation is sent" in converted.changes
        assert close(opened(made).getpixel((5, 5)), RED)

    def test_a_colour_profile_is_kept(self, desk: Desk) -> None:
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        _, made = desk.made(samples.picture("WEBP", icc_profile=profile), Kind.IMAGE)
        assert opened(made).info["icc_profile"] == profile


class LosslessTests:
    @pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}, {"subsampling": 0}])
    def test_a_clean_jpeg_is_left_alone(self, desk: Desk, options: dict[str, object]) -> None:
        converted = desk.convert(samples.picture("JPEG", **options), Kind.IMAGE)
        assert (converted.path, converted.changes, converted.refusal) == (None, (), "")
        assert (converted.content_type, converted.extension, converted.width) == ("image/jpeg", ".jpg", 320)

    @pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
    def test_a_photo_loses_what_the_camera_wrote_and_not_one_pixel(
        self, desk: Desk, options: dict[str, object]
    ) -> None:
        content = samples.picture(
            "JPEG", exif=whole_exif(), xmp=b"<x:xmpmeta>at home", comment=b"by Ada Lovelace", **options
        )
        converted, made = desk.made(content, Kind.IMAGE)
        assert converted.changes == ("Location and camera details removed",)
        assert opened(made).tobytes() == opened(content).tobytes()
        for hidden in (b"Exif", b"Ada", b"xmpmeta"):
            assert hidden in content
            assert hidden not in made

    def test_it_keeps_the_colours_of_a_photo(self, desk: Desk) -> None:
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        content = samples.picture("JPEG", icc_profile=profile, comment=b"x", dpi=(300, 300))
        converted, made = desk.made(content, Kind.IMAGE)
        assert (opened(made).info["icc_profile"], opened(made).info["dpi"]) == (profile, (300, 300))
        assert converted.changes == ("Hidden details removed",)

    def test_a_film_hidden_behind_a_photo_does_not_go_along(self, desk: Desk) -> None:
        photo = samples.picture()
        converted, made = desk.made(photo + samples.video(), Kind.IMAGE)
        assert made == photo
        assert converted.changes

    def test_a_photo_with_a_second_one_inside_is_a_photo(self, desk: Desk) -> None:
        """As iPhones and Samsung phones write portraits: CIPA DC-007."""
        first = opened(samples.picture())
        content = samples.save(first, "MPO", save_all=True, append_images=[Image.new("RGB", (320, 200), "black")])
        _, made = desk.made(content, Kind.IMAGE)
        assert opened(made).format == "JPEG"
        assert opened(made).tobytes() == opened(content).tobytes()

    def test_a_clean_png_is_left_alone(self, desk: Desk) -> None:
        converted = desk.convert(samples.picture("PNG"), Kind.IMAGE)
        assert (converted.path, converted.changes, converted.content_type) == (None, (), "image/png")

    def test_text_and_place_leave_a_png_and_not_one_pixel(self, desk: Desk) -> None:
        plain = samples.picture("PNG")
        content = plain[:33] + chunk(b"tEXt", b"Author\0Ada Lovelace") + chunk(b"eXIf", whole_exif()[6:]) + plain[33:]
        converted, made = desk.made(content + b"cut off earlier", Kind.IMAGE)
        assert made == plain
        assert converted.changes == ("Location and camera details removed",)


class ShapeTests:
    def test_a_photo_taken_upright_is_sent_upright(self, desk: Desk) -> None:
        converted, made = desk.made(samples.photo_from_a_phone(), Kind.IMAGE)
        assert (converted.width, converted.height) == opened(made).size == (300, 400)
        assert converted.changes == ("Turned upright", "Location and camera details removed")
        assert b"Camera" not in made
        assert close(opened(made).getpixel((150, 100)), RED)
        assert close(opened(made).getpixel((150, 300)), BLUE)

    @pytest.mark.parametrize("orientation", range(2, 9))
    def test_every_way_of_holding_a_phone_is_undone(self, desk: Desk, orientation: int) -> None:
        image = Image.new("RGB", (64, 48), "blue")
        ImageDraw.Draw(image).rectangle((0, 0, 31, 23), fill="red")
        exif = Image.Exif()
        exif[0x0112] = orientation
        _, made = desk.made(samples.save(image, "JPEG", quality=95, exif=exif), Kind.IMAGE)
        corners = {
            1: (16, 12),
            2: (48, 12),
            3: (48, 36),
            4: (16, 36),
            5: (12, 16),
            6: (36, 16),
            7: (36, 48),
            8: (12, 48),
        }
        assert close(opened(made).getpixel(corners[orientation]), RED, 40)

    @pytest.mark.parametrize("mode", ["L", "CMYK"])
    def test_a_jpeg_of_other_colours_becomes_rgb(self, desk: Desk, mode: str) -> None:
        converted, made = desk.made(samples.save(opened(samples.picture()).convert(mode), "JPEG"), Kind.IMAGE)
        assert (opened(made).format, opened(made).mode) == ("JPEG", "RGB")
        assert converted.changes == ("Colours converted to 8-bit RGB",)

    @pytest.mark.parametrize("mode", ["P", "L", "LA", "1"])
    def test_a_png_of_other_colours_becomes_rgb(self, desk: Desk, mode: str) -> None:
        _, made = desk.made(samples.save(opened(samples.picture("PNG")).convert(mode), "PNG"), Kind.IMAGE)
        assert (opened(made).format, opened(made).mode, made[24], made[25]) == ("PNG", "RGB", 8, 2)

    def test_sixteen_bits_become_eight_of_the_same_brightness(self, desk: Desk) -> None:
        _, made = desk.made(samples.save(Image.new("I;16", (20, 20), 40_000), "PNG"), Kind.IMAGE)
        assert made[24] == 8
        assert close(opened(made).getpixel((3, 3)), (156, 156, 156), 1)


class SizeTests:
    def test_what_is_too_large_is_made_to_fit(self, desk: Desk) -> None:
        content = samples.save(noise((3000, 2400)), "JPEG", quality=98)
        assert len(content) > MAX_BYTES
        converted, made = desk.made(content, Kind.IMAGE)
        assert 1024**2 < len(made) <= MAX_BYTES
        assert converted.changes == ("Made smaller to fit WhatsApp’s 5 MB",)
        assert opened(made).size == (converted.width, converted.height)

    def test_a_png_too_large_becomes_a_jpeg(self, desk: Desk) -> None:
        content = samples.save(noise((1600, 1300)), "PNG")
        assert len(content) > MAX_BYTES
        converted, made = desk.made(content, Kind.IMAGE)
        assert (opened(made).format, opened(made).size) == ("JPEG", (1600, 1300))
        assert converted.changes == ("Converted from PNG to JPEG",)

    def test_what_is_see_through_and_too_large_gets_a_white_ground(self, desk: Desk) -> None:
        converted, made = desk.made(samples.save(noise((1600, 1300), alpha=True), "PNG"), Kind.IMAGE)
        assert opened(made).format == "JPEG"
        assert "Transparent parts are white now" in converted.changes

    def test_the_largest_cameras_pass(self, desk: Desk) -> None:
        image = Image.new("L", (16_320, 12_240), 128)
        converted, made = desk.made(samples.save(image, "JPEG", quality=30), Kind.IMAGE)
        assert opened(made).mode == "RGB"
        assert converted.width is not None
        assert converted.width < 16_320


class HostileTests:
    @pytest.mark.parametrize(
        "content",
        [
            samples.png_header(30_000, 30_000),
            samples.big_black_png(9000, 9000),
            samples.png_header(2**31 - 1, 2**31 - 1),
        ],
    )
    def test_a_bomb_is_refused(self, desk: Desk, content: bytes) -> None:
        converted = desk.convert(content, Kind.IMAGE)
        assert converted.path is None
        assert converted.refusal.startswith("This picture has too many pixels")

    def test_64_million_pixels_are_the_limit(self, desk: Desk) -> None:
        # Only headers: one that passes the limit is then found to have no pixels at all.
        at_the_limit, above = samples.png_header(8000, 8000), samples.png_header(8001, 8000)
        assert "damaged" in desk.convert(at_the_limit, Kind.IMAGE).refusal
        assert "too many pixels" in desk.convert(above, Kind.IMAGE).refusal

    @pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF"])
    def test_half_a_file_is_refused(self, desk: Desk, format: str) -> None:
        whole = samples.save(noise((300, 200)), format)
        converted = desk.convert(whole[: len(whole) // 2], Kind.IMAGE)
        assert converted.path is None
        assert "damaged" in converted.refusal

    def test_half_an_iphone_photo_is_refused(self, desk: Desk) -> None:
        whole = heic()
        assert "damaged" in desk.convert(whole[: len(whole) // 2], Kind.IMAGE).refusal

    @pytest.mark.parametrize("disguise", ["image/png", "image/heic", "image/gif", "image/webp", "image/bmp"])
    def test_a_disguised_file_is_refused(self, desk: Desk, disguise: str) -> None:
        converted = desk.convert(samples.picture("TIFF"), Kind.IMAGE, content_type=disguise)
        assert converted.refusal

    def test_a_picture_is_not_taken_from_a_program(self, desk: Desk) -> None:
        assert desk.convert(b"MZ" + samples.picture(), Kind.IMAGE).refusal == "This file is not a picture."

    def test_what_may_go_as_a_document_is_told_so(self, desk: Desk) -> None:
        refusal = desk.convert(samples.pdf(), Kind.IMAGE).refusal
        assert refusal == "This file is not a picture. It can be sent as a document."
