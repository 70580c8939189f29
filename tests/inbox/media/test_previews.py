from __future__ import annotations

import io
import subprocess
import sys

import pytest
from django.conf import settings as project
from PIL import Image
from pillow_heif import register_heif_opener

from inbox.media.content_types import HEAD_BYTES, sniff
from inbox.media.sandboxed.document_text import MOST_ROWS
from inbox.models import Media
from tests import samples
from tests.media_rows import drawn, own_files
from whatsapp.models import PhoneNumber

__all__ = ["own_files"]


def thumbnail(row: Media) -> Image.Image:
    with row.thumbnail.open() as file:
        image = Image.open(io.BytesIO(file.read()))
    image.load()
    assert image.format == "WEBP"
    assert image.size == (row.thumbnail_width, row.thumbnail_height)
    return image


def colour(image: Image.Image, x: float, y: float) -> str:
    """The strongest colour at a place given in parts of the width and height."""
    pixel = image.convert("RGB").getpixel((int(x * image.width), int(y * image.height)))
    assert isinstance(pixel, tuple)
    return ("red", "green", "blue")[max(range(3), key=lambda index: pixel[index])]


@pytest.mark.django_db
class PictureTests:
    def test_it_works(self, number: PhoneNumber) -> None:
        row = drawn(number, samples.picture("JPEG", (4000, 3000)), kind="image")
        assert (row.preview_state, row.preview_error, row.next_try_at) == (Media.PreviewState.READY, "", None)
        assert (row.width, row.height, row.animated) == (4000, 3000, False)
        picture = thumbnail(row)
        assert picture.size == (640, 480)
        assert (colour(picture, 0.1, 0.5), colour(picture, 0.9, 0.5)) == ("red", "blue")
        assert row.thumbnail.name == f"previews/{row.pk}.webp"

    @pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF"])
    def test_small_pictures_keep_their_size(self, number: PhoneNumber, format: str) -> None:
        row = drawn(number, samples.picture(format, (320, 200)), kind="image")
        assert thumbnail(row).size == (320, 200)
        assert colour(thumbnail(row), 0.9, 0.5) == "blue"

    @pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "RGBA", "CMYK", "I;16"])
    def test_every_kind_of_pixel_is_drawn(self, number: PhoneNumber, mode: str) -> None:
        image = Image.new(mode, (900, 300))
        row = drawn(number, samples.save(image, "JPEG" if mode == "CMYK" else "PNG"), kind="image")
        assert (row.preview_state, thumbnail(row).size) == (Media.PreviewState.READY, (640, 213))

    def test_what_is_transparent_stays_so(self, number: PhoneNumber) -> None:
        image = Image.new("RGBA", (512, 512), (255, 0, 0, 0))
        row = drawn(number, samples.save(image, "WEBP"), kind="sticker")
        assert thumbnail(row).getchannel("A").getextrema() == (0, 0)

    def test_a_photo_is_upright_and_says_nothing_of_its_place(self, number: PhoneNumber) -> None:
        row = drawn(number, samples.photo_from_a_phone((400, 300)), kind="image")
        picture = thumbnail(row)
        assert (row.width, row.height, picture.size) == (300, 400, (300, 400))
        assert (colour(picture, 0.5, 0.1), colour(picture, 0.5, 0.9)) == ("red", "blue")
        assert not picture.getexif()
        with row.thumbnail.open() as file:
            assert b"Camera of Ada" not in file.read()

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_every_orientation_ends_upright(self, number: PhoneNumber, orientation: int) -> None:
        upright = Image.open(io.BytesIO(samples.picture("PNG", (120, 80))))
        undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # how the camera would have stored it
        lying = upright.transpose(Image.Transpose(undo[orientation])) if orientation > 1 else upright
        exif = Image.Exif()
        exif[0x0112] = orientation
        row = drawn(number, samples.save(lying.convert("RGB"), "JPEG", exif=exif, quality=95), kind="image")
        picture = thumbnail(row)
        assert (row.width, row.height) == picture.size == (120, 80)
        assert (colour(picture, 0.1, 0.9), colour(picture, 0.9, 0.1)) == ("red", "blue")
        white = picture.convert("RGB").getpixel((30, 30))
        assert isinstance(white, tuple)
        assert min(white) > 200

    @pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
    def test_an_animation_shows_its_first_picture(self, number: PhoneNumber, format: str) -> None:
        row = drawn(number, samples.animation(format, frames=500), kind="sticker")
        assert (row.animated, thumbnail(row).size, colour(thumbnail(row), 0.5, 0.5)) == (True, (64, 48), "red")
        assert getattr(thumbnail(row), "n_frames", 1) == 1


register_heif_opener()


@pytest.mark.django_db
class OtherPictureTests:
    """Pictures that no browser shows, or not every one: a thumbnail as of any other, and a copy for the viewer."""

    @pytest.mark.parametrize("form", ["HEIF", "AVIF", "TIFF", "BMP", "JPEG2000"])
    def test_it_has_a_preview_and_a_copy(self, number: PhoneNumber, form: str) -> None:
        row = drawn(number, samples.picture(form, size=(3000, 1500)), kind="document")

        assert (row.preview_state, row.width, row.height) == (Media.PreviewState.READY, 3000, 1500)
        assert thumbnail(row).size == (640, 320)
        with row.playable.open() as file, Image.open(file) as copy:
            assert (copy.format, copy.size) == ("WEBP", (2560, 1280))

    def test_of_several_pages_the_first_is_drawn(self, number: PhoneNumber) -> None:
        file = io.BytesIO()
        pages = [Image.new("RGB", (60, 40), colour) for colour in ("red", "blue")]
        pages[0].save(file, "TIFF", save_all=True, append_images=pages[1:])

        red, green, blue = thumbnail(drawn(number, file.getvalue())).convert("RGB").getpixel((30, 20))

        assert red > 200 > 100 > max(green, blue)

    def test_a_scan_in_sixteen_bits_of_grey_is_not_white(self, number: PhoneNumber) -> None:
        file = io.BytesIO()
        Image.linear_gradient("L").convert("I").point(lambda value: value * 200).convert("I;16").save(file, "TIFF")

        drawing = thumbnail(drawn(number, file.getvalue())).convert("L")

        assert (drawing.getextrema()[0] < 20, drawing.getextrema()[1] > 235) == (True, True)

    def test_one_that_is_turned_is_upright(self, number: PhoneNumber) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        row = drawn(number, samples.picture("TIFF", size=(300, 100), exif=exif), kind="image")

        assert (row.width, row.height, thumbnail(row).size) == (100, 300, (100, 300))


@pytest.mark.django_db
class RecordingTests:
    @pytest.mark.parametrize("format", ["mp4", "mov", "3gp", "matroska"])
    def test_a_film_has_a_poster_and_a_length(self, number: PhoneNumber, format: str) -> None:
        row = drawn(number, samples.video(format), kind="video")
        assert (row.width, row.height) == thumbnail(row).size == (320, 240)
        assert row.duration == pytest.approx(2, abs=0.3)
        assert colour(thumbnail(row), 0.5, 0.5) == "red"

    @pytest.mark.parametrize(
        ("content", "state"),
        [
            (samples.video("mp4"), "ready"),
            (samples.video("mov"), "copying"),
            (samples.video("webm", codec="libvpx"), "copying"),
            (samples.video("mp4", codec="mpeg4"), "copying"),
        ],
        ids=["mp4", "mov", "webm", "mpeg4"],
    )
    def test_a_film_that_not_every_browser_plays_waits_for_its_copy(
        self, number: PhoneNumber, content: bytes, state: str
    ) -> None:
        row = drawn(number, content, kind="document")
        assert (row.preview_state, row.attempts) == (state, 0 if state == "copying" else 1)
        assert thumbnail(row).size == (320, 240)

    def test_chapters_do_not_count_as_time(self, number: PhoneNumber) -> None:
        row = drawn(number, samples.with_chapters(samples.sound("ipod", "aac", rate=44_100), hours=46), kind="audio")
        assert row.duration == pytest.approx(2, abs=0.15)

    def test_a_short_film_without_sound_is_an_animation(self, number: PhoneNumber) -> None:
        assert drawn(number, samples.video(audio=False), kind="video").animated
        assert not drawn(number, samples.video(), kind="video").animated
        assert not drawn(number, samples.video(audio=False, seconds=21), kind="video").animated

    def test_a_large_film_has_a_small_poster(self, number: PhoneNumber) -> None:
        row = drawn(number, samples.video("mp4", seconds=0.5, size=(1920, 1080)), kind="video")
        assert (row.width, row.height, thumbnail(row).size) == (1920, 1080, (640, 360))

    @pytest.mark.parametrize(("turned", "size"), [(90, (240, 320)), (180, (320, 240)), (270, (240, 320))])
    def test_a_film_of_a_turned_phone_is_upright(self, number: PhoneNumber, turned: int, size: tuple[int, int]) -> None:
        row = drawn(number, samples.video("mp4", turned=turned), kind="video")
        assert (row.width, row.height) == thumbnail(row).size == size

    @pytest.mark.parametrize(
        ("format", "codec", "rate", "copied"),
        [
            ("ogg", "libopus", 48_000, True),
            ("amr", "libopencore_amrnb", 8000, True),
            ("mp3", "libmp3lame", 44_100, False),
            ("ipod", "aac", 44_100, False),
            ("adts", "aac", 44_100, False),
            ("wav", "pcm_s16le", 44_100, False),
            ("wav", "pcm_f32le", 44_100, True),
            ("wav", "pcm_mulaw", 8000, True),
            ("flac", "flac", 44_100, False),
            ("ipod", "alac", 44_100, True),
            ("aiff", "pcm_s16be", 44_100, True),
            ("asf", "wmav2", 44_100, True),
        ],
    )
    def test_a_sound_has_a_length_a_waveform_and_plays_everywhere(
        self, number: PhoneNumber, format: str, codec: str, rate: int, copied: bool
    ) -> None:
        bits = 64_000 if codec == "wmav2" else None
        row = drawn(number, samples.sound(format, codec, rate=rate, bits=bits), kind="audio")
        assert row.duration == pytest.approx(2, abs=0.15)
        assert len(row.waveform) == 64
        assert row.waveform[0] < 10 < 40 < row.waveform[32] < 60 < 90 < max(row.waveform[60:]) <= 100
        assert not row.thumbnail
        assert bool(row.playable) is copied
        if copied:
            with row.playable.open() as file:
                copy = file.read()
            assert sniff(copy[:HEAD_BYTES]).content_type == "audio/mp4"
            again = drawn(number, copy, kind="audio")
            assert again.duration == pytest.approx(2, abs=0.15)

    def test_silence_is_a_flat_line(self, number: PhoneNumber) -> None:
        samples_of_nothing = b"\0" * 16_000
        header = b"RIFF" + (36 + 16_000).to_bytes(4, "little") + b"WAVEfmt \x10\0\0\0\x01\0\x01\0"
        header += (8000).to_bytes(4, "little") + (16_000).to_bytes(4, "little") + b"\x02\0\x10\0data"
        row = drawn(number, header + (16_000).to_bytes(4, "little") + samples_of_nothing, kind="audio")
        assert row.waveform == [0] * 64

    def test_a_sound_in_a_film_file_is_a_sound(self, number: PhoneNumber) -> None:
        row = drawn(number, samples.sound("mp4", "aac", rate=44_100), kind="audio", content_type="video/mp4")
        assert (len(row.waveform), bool(row.thumbnail)) == (64, False)


@pytest.mark.django_db
class DocumentTests:
    def test_a_pdf_shows_its_first_page(self, number: PhoneNumber) -> None:
        row = drawn(number, samples.pdf(["Invoice 2026-117", "Terms", "Annex"]))
        assert (row.pages, row.excerpt) == (3, "Invoice 2026-117\nTerms\nAnnex")
        assert thumbnail(row).size == (495, 640)
        assert thumbnail(row).convert("L").getextrema()[0] < 100, "the words are on the page"

    def test_one_whose_first_page_is_broken_is_not_damaged(self, number: PhoneNumber) -> None:
        content = samples.pdf(["Page one", "Page two"])
        row = drawn(number, content.replace(b"/Kids [3 0 R 5 0 R]", b"/Kids [9 0 R 5 0 R]"))
        assert (row.preview_state, row.preview_error, row.pages) == (Media.PreviewState.READY, "", 2)

    @pytest.mark.parametrize("content", [samples.archive(a_dot_txt="x"), b"<svg/>", b"\0\1", b"MZ\0"])
    def test_other_files_are_only_named(self, number: PhoneNumber, content: bytes) -> None:
        row = drawn(number, content)
        assert (row.preview_state, row.preview_error) == (
            Media.PreviewState.IMPOSSIBLE,
            "Files of this kind have no preview.",
        )


def webp_with_a_huge_canvas() -> bytes:
    """An animation whose frames are small and whose canvas is 16,383 pixels each way: two of those are 2 GB."""
    content = bytearray(samples.animation("WEBP"))
    assert content[12:16] == b"VP8X"
    content[24:30] = (16_382).to_bytes(3, "little") * 2
    return bytes(content)


@pytest.mark.django_db
class HostileFileTests:
    """A bomb, a lie or a broken file costs its preview and nothing else, at the first attempt."""

    @pytest.mark.parametrize(
        ("content", "content_type"),
        [
            (samples.png_header(14_000, 14_000), "image/png"),
            (samples.png_header(2**31 - 1, 2**31 - 1), "image/png"),
            (samples.big_black_png(8000, 8000), "image/png"),
            (webp_with_a_huge_canvas(), "image/webp"),
            (samples.picture()[:1500], "image/jpeg"),
            (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n", "image/jpeg"),
            (b"<html>not a document", "application/pdf"),
            (b"%PDF-1.7\n%%EOF", "application/pdf"),
            (samples.video()[:900], "video/mp4"),
            (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "video/mp4"),
            (b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:1/\n", "audio/mpeg"),
            (samples.sound()[:40], "audio/ogg"),
            (b"OggS" + bytes(500), "audio/ogg"),
            (b"ID3" + b"\xff" * 4000, "audio/mpeg"),
            (b"RIFF\xff\xff\xff\xffWEBPVP8 ", "image/webp"),
            (b"GIF89a\xff\xff\xff\xff\xf7\x00\x00", "image/gif"),
        ],
        ids=[
            "wide-png-header",
            "endless-png-header",
            "black-png",
            "huge-webp-canvas",
            "half-a-jpeg",
            "eps-as-jpeg",
            "html-as-pdf",
            "empty-pdf",
            "half-a-video",
            "playlist-as-video",
            "playlist-as-audio",
            "half-a-sound",
            "empty-ogg",
            "noise-as-mp3",
            "broken-webp",
            "broken-gif",
        ],
    )
    def test_it_has_no_preview(self, number: PhoneNumber, content: bytes, content_type: str) -> None:
        row = drawn(number, content, content_type=content_type)
        assert row.preview_state == Media.PreviewState.IMPOSSIBLE
        assert row.preview_error.endswith((".", ")"))
        assert (row.state, row.attempts, row.next_try_at) == (Media.State.STORED, 1, None)
        assert row.file.read() == content

    def test_a_picture_under_the_cap_is_drawn(self, number: PhoneNumber) -> None:
        row = drawn(number, samples.big_black_png(6300, 6300))
        assert thumbnail(row).size == (640, 640)

    def test_a_gif_that_is_also_html_becomes_pixels(self, number: PhoneNumber) -> None:
        row = drawn(number, samples.animation("GIF") + b"<html><script>alert(1)</script>")
        with row.thumbnail.open() as file:
            assert b"script" not in file.read()

    def test_a_pdf_with_a_script_is_only_drawn(self, number: PhoneNumber) -> None:
        script = "/OpenAction << /S /JavaScript /JS (app.launchURL\\('http://127.0.0.1:1/'\\)) >>"
        assert drawn(number, samples.pdf(extra=script)).pages == 1

    def test_html_in_the_metadata_of_a_film_goes_nowhere(self, number: PhoneNumber) -> None:
        box = b"udta<html><script>alert(1)</script>"
        row = drawn(number, samples.video() + (len(box) + 4).to_bytes(4, "big") + box)
        assert row.preview_state == Media.PreviewState.READY
        with row.thumbnail.open() as file:
            assert b"script" not in file.read()

    def test_a_long_contact_card_is_read_to_its_cap(self, number: PhoneNumber) -> None:
        card = b"BEGIN:VCARD\nFN:Vera Card\n" + b"PHOTO;VALUE=uri:http://169.254.169.254/\nNOTE:x\n" * 100_000
        row = drawn(number, card)
        assert row.preview_state == Media.PreviewState.READY
        assert row.excerpt.count("Note") == MOST_ROWS - 1
        assert "169.254" not in row.excerpt

    def test_a_sound_that_claims_to_last_a_day_is_measured(self, number: PhoneNumber) -> None:
        packed = bytearray(samples.sound("flac", "flac", seconds=1, rate=8000))
        packed[18:26] = ((8000 << 44) | (15 << 36) | (8000 * 86_400)).to_bytes(8, "big")
        row = drawn(number, bytes(packed), kind="audio")
        assert row.duration == pytest.approx(1, abs=0.15)

    def test_a_long_sound_is_measured_and_not_decoded(self, number: PhoneNumber) -> None:
        seconds = 1300
        header = b"RIFF" + (36 + 8000 * seconds).to_bytes(4, "little") + b"WAVEfmt \x10\0\0\0\x01\0\x01\0"
        header += (8000).to_bytes(4, "little") * 2 + b"\x01\0\x08\0data" + (8000 * seconds).to_bytes(4, "little")
        row = drawn(number, header + b"\x80" * (8000 * seconds), kind="audio")
        assert (row.duration, row.waveform, row.preview_error) == (pytest.approx(seconds), [], "")


class ChildTests:
    """The process by itself: what it may use, and what it gets to know."""

    def test_it_loads_neither_django_nor_boto(self) -> None:
        imports = "from inbox.media.sandboxed.previews import pdf, pictures, recordings"
        heavy = "[name for name in ('django', 'boto3', 'requests') if name in sys.modules]"
        script = f"import sys; {imports}; print({heavy})"
        found = subprocess.run(
            [sys.executable, "-c", script], cwd=project.BASE_DIR, capture_output=True, text=True, check=True
        )
        assert found.stdout.strip() == "[]"
