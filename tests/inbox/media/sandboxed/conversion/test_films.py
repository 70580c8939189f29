from __future__ import annotations

import io
from functools import partial

import av
import pytest
from PIL import Image

from tests import samples
from tests.conversions import LISBON, Desk, boxes, content, desk, film, noisy_film, played
from whatsapp.events import Kind

__all__ = ["content", "desk"]

FAST = {"movflags": "faststart"}
B_FRAMES = {"profile": "high", "bf": "3"}
PARTS = {"profile": "main", "bf": "0", "g": "5"}
PLACE = {"com.apple.quicktime.location.ISO6709": LISBON}
NO_FILMS = (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", samples.picture(), b"RIFF\x40\0\0\0WAVEfmt ")
MAX_BYTES = 16 * 1024 * 1024


def is_taken(content: bytes) -> bool:
    """Whether WhatsApp plays this film on every phone, as far as Meta's reference says what it takes for that."""
    recording = played(content)
    kinds = boxes(content)
    return (
        recording.codecs in (["h264"], ["h264", "aac"])
        and recording.pixels == "yuv420p"
        and not (recording.profile == "High" and recording.reordered)
        and kinds.index(b"moov") < kinds.index(b"mdat")
        and b"moof" not in kinds
        and recording.frames > 0
        and len(content) <= MAX_BYTES
    )


def first_picture(content: bytes) -> Image.Image:
    with av.open(io.BytesIO(content)) as container:
        return next(container.decode(video=0)).to_image()


class UnchangedTests:
    @pytest.mark.parametrize("sounds", [(), (("aac", "mono"),), (("aac", "stereo"),)])
    def test_a_film_as_whatsapp_wants_it_is_left_alone(self, desk: Desk, sounds: tuple[tuple[str, str], ...]) -> None:
        content = film(muxer=FAST, sounds=sounds)
        converted = desk.convert(content, Kind.VIDEO)
        assert (converted.path, converted.changes, converted.refusal) == (None, (), "")
        assert (converted.content_type, converted.width, converted.height) == ("video/mp4", 320, 240)
        assert converted.duration == pytest.approx(2, abs=0.1)

    def test_what_was_converted_once_is_left_alone(self, desk: Desk, tmp_path: object) -> None:
        _, made = desk.made(film("webm", "libvpx", options={}, sounds=(("libopus", "mono"),)), Kind.VIDEO)
        for entry in desk.directory.iterdir():
            if entry.is_dir():
                for file in entry.iterdir():
                    file.unlink()
                entry.rmdir()
        assert desk.convert(made, Kind.VIDEO).path is None


class CopiedTests:
    """The pictures stay as they are, in a file that is put together anew."""

    @pytest.mark.parametrize(
        ("content", "change"),
        [
            (partial(film), "Rearranged to play while it loads"),
            (partial(film, muxer={"movflags": "frag_keyframe+empty_moov"}), "Rearranged to play while it loads"),
            (partial(film, "mov"), "Converted from MOV to MP4"),
            (partial(film, "matroska"), "Converted from MKV to MP4"),
        ],
        indirect=["content"],
    )
    def test_it_is_put_in_order(self, desk: Desk, content: bytes, change: str) -> None:
        converted, made = desk.made(content, Kind.VIDEO)
        assert is_taken(made)
        assert converted.changes == (change,)
        assert first_picture(made).tobytes() == first_picture(content).tobytes()
        before, after = played(content), played(made)
        assert (after.frames, after.heard) == (before.frames, pytest.approx(before.heard, abs=0.05))

    @pytest.mark.parametrize(
        ("content", "place"),
        [
            (partial(film, muxer=FAST, metadata={"location": LISBON}), b"loci"),
            (partial(film, muxer={"movflags": "faststart+use_metadata_tags"}, metadata=PLACE), b"38.7083"),
            (partial(film, "mov", metadata={"location": LISBON}), b"38.7083"),
        ],
        indirect=["content"],
    )
    def test_the_place_where_it_was_taken_is_removed(self, desk: Desk, content: bytes, place: bytes) -> None:
        assert place in content
        converted, made = desk.made(content, Kind.VIDEO)
        assert "Location and camera details removed" in converted.changes
        assert place not in made
        assert is_taken(made)
        assert first_picture(made).tobytes() == first_picture(content).tobytes()

    def test_a_title_is_removed_too(self, desk: Desk) -> None:
        converted, made = desk.made(film(muxer=FAST, metadata={"title": "At Ada's house"}), Kind.VIDEO)
        assert converted.changes == ("Hidden details removed",)
        assert b"Ada" not in made

    def test_a_film_held_upright_stays_upright(self, desk: Desk) -> None:
        converted, made = desk.made(samples.turned_by(film("mov"), 90), Kind.VIDEO)
        assert (converted.width, converted.height) == (240, 320)
        assert played(made).rotations == {-90}

    def test_of_two_sound_tracks_the_first_is_sent(self, desk: Desk) -> None:
        converted, made = desk.made(film(muxer=FAST, sounds=(("aac", "mono"), ("aac", "stereo"))), Kind.VIDEO)
        assert "Only the first sound track is sent" in converted.changes
        assert played(made).channels == [1]

    @pytest.mark.parametrize("sound", [("libmp3lame", "stereo"), ("aac", "5.1"), ("ac3", "stereo")])
    def test_other_sound_becomes_aac_and_the_pictures_stay(self, desk: Desk, sound: tuple[str, str]) -> None:
        content = film(sounds=(sound,))
        converted, made = desk.made(content, Kind.VIDEO)
        assert is_taken(made)
        assert "Sound converted to AAC" in converted.changes
        assert played(made).channels == [2]
        assert played(made).loudest > 5000
        assert first_picture(made).tobytes() == first_picture(content).tobytes()


class EncodedTests:
    @pytest.mark.parametrize(
        "content",
        [
            partial(film, options=B_FRAMES, muxer=FAST),
            partial(film, pixels="yuv422p", options={}),
            partial(film, "mp4", "libsvtav1", options={"preset": "12"}),
            partial(film, "mov", "libx265", options={"x265-params": "log-level=none"}),
            partial(film, "mov", "libx265", pixels="yuv420p10le", options={"x265-params": "log-level=none"}),
            partial(film, "webm", "libvpx-vp9", options={}, sounds=(("libopus", "stereo"),)),
            partial(film, "webm", "libvpx", options={}, sounds=()),
            partial(film, "avi", "mjpeg", pixels="yuvj420p", options={}, sounds=(("pcm_s16le", "stereo"),)),
            partial(film, "matroska", size=(321, 241), pixels="yuv444p", options={}),
            partial(film, "3gp", "h263", size=(176, 144), options={}),
        ],
        ids=["b-frames", "4:2:2", "av1", "hevc", "hevc-10", "vp9", "vp8", "mjpeg", "odd", "h263"],
        indirect=["content"],
    )
    def test_what_whatsapp_refuses_becomes_h264(self, desk: Desk, content: bytes) -> None:
        converted, made = desk.made(content, Kind.VIDEO)
        assert is_taken(made)
        before, after = played(content), played(made)
        assert after.frames == before.frames == 20
        assert after.seconds == pytest.approx(before.seconds, abs=0.11)
        assert after.heard == pytest.approx(before.heard, abs=0.1)
        assert bool(after.loudest) == bool(before.loudest)
        red, green, blue = first_picture(made).getpixel((50, 50))
        assert (red > 220, green < 40, blue < 40) == (True, True, True)
        assert converted.changes
        assert abs(converted.width - after.size[0]) <= 1

    def test_high_dynamic_range_keeps_its_colours(self, desk: Desk) -> None:
        parameters = "transfer=arib-std-b67:colorprim=bt2020:colormatrix=bt2020nc:log-level=none"
        content = film("mov", "libx265", pixels="yuv420p10le", options={"x265-params": parameters}, sounds=())
        _, made = desk.made(content, Kind.VIDEO)
        with av.open(io.BytesIO(made)) as container:
            frame = next(container.decode(video=0))
            assert (frame.color_trc, frame.color_primaries, frame.colorspace) == (1, 1, 1)
            red, green, blue = frame.to_image().getpixel((50, 50))
        assert red > 200
        assert max(green, blue) < 90

    def test_sound_longer_than_the_pictures_counts(self, desk: Desk) -> None:
        converted, made = desk.made(film("matroska", options=B_FRAMES, sound_starts=-2.0), Kind.VIDEO)
        assert converted.duration == pytest.approx(4, abs=0.15)
        assert played(made).heard == pytest.approx(4, abs=0.15)

    @pytest.mark.parametrize(("degrees", "corner"), [(90, (220, 20)), (180, (300, 220)), (270, (20, 300))])
    def test_what_was_held_another_way_is_turned(self, desk: Desk, degrees: int, corner: tuple[int, int]) -> None:
        content = samples.turned_by(film("mov", options=B_FRAMES, marked=True), degrees)
        converted, made = desk.made(content, Kind.VIDEO)
        picture = first_picture(made)
        assert picture.size == (converted.width, converted.height)
        assert played(made).rotations == {0}
        assert min(picture.getpixel(corner)) > 200, "the white mark of the top left corner"

    def test_sixty_pictures_a_second_become_thirty(self, desk: Desk) -> None:
        _, made = desk.made(film(rate=60, frames=120, options=B_FRAMES), Kind.VIDEO)
        recording = played(made)
        assert recording.frames in (60, 61)
        assert recording.seconds == pytest.approx(2, abs=0.1)

    def test_sound_that_begins_late_stays_with_its_picture(self, desk: Desk) -> None:
        content = film("matroska", options=B_FRAMES, sounds=(("libmp3lame", "mono"),), sound_starts=1.0)
        _, made = desk.made(content, Kind.VIDEO)
        with av.open(io.BytesIO(made)) as container:
            quiet = 0.0
            for frame in container.decode(audio=0):
                if max(abs(value) for value in memoryview(bytes(frame.planes[0])).cast("f")) > 0.001:
                    break
                quiet += frame.samples / frame.sample_rate
        assert quiet == pytest.approx(1, abs=0.15)

    def test_4k_becomes_720p(self, desk: Desk) -> None:
        converted, made = desk.made(
            film("webm", "libvpx", size=(3840, 2160), frames=2, options={}, sounds=()), Kind.VIDEO
        )
        assert (converted.width, converted.height) == played(made).size == (1280, 720)


class SizeTests:
    def test_a_film_too_large_is_made_to_fit(self, desk: Desk) -> None:
        content = noisy_film(frames=50, rate=2)
        assert len(content) > MAX_BYTES
        converted, made = desk.made(content, Kind.VIDEO)
        assert is_taken(made)
        assert "Made smaller to fit WhatsApp’s 16 MB" in converted.changes
        assert played(made).seconds == pytest.approx(24.5, abs=0.1)

    def test_one_too_long_to_look_good_is_refused(self, desk: Desk) -> None:
        converted = desk.convert(noisy_film(frames=60, rate="1/25"), Kind.VIDEO)
        assert converted.path is None
        assert "too long" in converted.refusal
        assert "document" not in converted.refusal, "WhatsApp does not take AVI as a document"

    def test_a_long_quiet_film_is_as_watchable_as_it_was(self, desk: Desk) -> None:
        converted, made = desk.made(film("webm", "libvpx", rate="1/50", frames=20, options={}, sounds=()), Kind.VIDEO)
        assert is_taken(made)
        assert converted.duration == pytest.approx(1000, abs=60)


class AnimationTests:
    @pytest.mark.parametrize("format", ["GIF", "WEBP"])
    def test_an_animation_becomes_a_film(self, desk: Desk, format: str) -> None:
        converted, made = desk.made(samples.animation(format, frames=10, size=(101, 75)), Kind.VIDEO)
        assert is_taken(made)
        assert played(made).codecs == ["h264"]
        assert converted.duration == pytest.approx(0.4, abs=0.01)
        assert played(made).size == (converted.width, converted.height)
        red, green, blue = first_picture(made).getpixel((50, 40))
        assert (red > 200, green < 50, blue < 50) == (True, True, True)

    def test_a_picture_that_does_not_move_is_refused(self, desk: Desk) -> None:
        assert "doesn’t move" in desk.convert(samples.picture("GIF"), Kind.VIDEO).refusal


class HostileTests:
    @pytest.mark.parametrize("share", [0.1, 0.5])
    @pytest.mark.parametrize("format", ["mp4", "mov"])
    def test_a_film_without_its_directory_is_refused(self, desk: Desk, format: str, share: float) -> None:
        whole = film(format)
        converted = desk.convert(whole[: int(len(whole) * share)], Kind.VIDEO)
        assert converted.path is None
        assert "damaged" in converted.refusal

    @pytest.mark.parametrize("disguise", ["video/mp4", "video/webm", "video/x-msvideo", "video/x-matroska"])
    @pytest.mark.parametrize("content", NO_FILMS)
    def test_a_disguised_file_is_refused(self, desk: Desk, disguise: str, content: bytes) -> None:
        converted = desk.convert(content, Kind.VIDEO, content_type=disguise)
        assert converted.path is None
        assert converted.refusal

    def test_a_sound_is_no_film(self, desk: Desk) -> None:
        converted = desk.convert(samples.sound("mp4", "aac"), Kind.VIDEO, content_type="video/mp4")
        assert "no moving pictures" in converted.refusal

    def test_cut_off_fragments_play_to_where_they_go(self, desk: Desk) -> None:
        whole = film(frames=60, options=PARTS, muxer={"movflags": "frag_keyframe+empty_moov"})
        _, made = desk.made(whole[: len(whole) * 2 // 3], Kind.VIDEO)
        assert is_taken(made)
        assert 0 < played(made).frames < 60
