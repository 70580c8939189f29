from __future__ import annotations

from functools import partial

import pytest

from tests import samples
from tests.conversions import LISBON, Desk, boxes, content, desk, film, fragmented_voice, played, tone
from whatsapp.events import Kind

__all__ = ["content", "desk"]

PLACE = {"com.apple.quicktime.location.ISO6709": LISBON}
TYPES = ("audio/ogg", "audio/mpeg", "audio/mp4", "audio/aac", "audio/amr", "audio/webm")


class VoiceTests:
    @pytest.mark.parametrize(
        "content",
        [
            partial(samples.sound, "webm"),
            partial(samples.sound, "ipod", "aac"),
            partial(samples.sound, "mp4", "aac"),
            partial(samples.sound, "wav", "pcm_s16le", rate=44_100),
            partial(samples.sound, "mp3", "libmp3lame", rate=22_050),
            partial(samples.sound, "amr", "libopencore_amrnb", rate=8000),
            partial(samples.sound, "flac", "flac"),
            partial(tone, "ogg", "libopus", layout="stereo"),
            partial(fragmented_voice, {"movflags": "frag_keyframe+empty_moov+default_base_moof"}, seconds=2),
            partial(film),
        ],
        ids=["chromium", "m4a", "mp4", "wav", "mp3", "amr", "flac", "stereo-ogg", "safari", "film"],
        indirect=["content"],
    )
    def test_anything_audible_becomes_a_voice_note(self, desk: Desk, content: bytes) -> None:
        converted, made = desk.made(content, Kind.AUDIO, voice=True)
        recording = played(made)
        assert (recording.codecs, recording.channels, recording.rates) == (["opus"], [1], [48_000])
        assert recording.heard == pytest.approx(2, abs=0.1)
        assert converted.duration == pytest.approx(2, abs=0.1)
        assert recording.loudest > 10_000
        assert (converted.content_type, converted.extension) == ("audio/ogg", ".ogg")
        assert converted.changes == ("Converted to a voice note",)

    def test_a_voice_note_is_left_alone(self, desk: Desk) -> None:
        converted = desk.convert(samples.sound(), Kind.AUDIO, voice=True)
        assert (converted.path, converted.changes, converted.refusal) == (None, (), "")
        assert converted.duration == pytest.approx(2, abs=0.05)

    def test_ten_minutes_still_play_without_being_fetched(self, desk: Desk) -> None:
        _, made = desk.made(samples.sound("flac", "flac", seconds=240, rate=8000), Kind.AUDIO, voice=True)
        assert len(made) <= 512 * 1024

    def test_nothing_said_about_the_speaker_goes_along(self, desk: Desk) -> None:
        content = tone("webm", "libopus", metadata={"title": "Ada at home"})
        assert b"Ada at home" in content
        _, made = desk.made(content, Kind.AUDIO, voice=True)
        assert b"Ada" not in made


class SoundTests:
    @pytest.mark.parametrize(
        ("content", "content_type"),
        [
            (partial(samples.sound), "audio/ogg"),
            (partial(samples.sound, "mp3", "libmp3lame"), "audio/mpeg"),
            (partial(samples.sound, "ipod", "aac"), "audio/mp4"),
            (partial(samples.sound, "adts", "aac"), "audio/aac"),
            (partial(samples.sound, "amr", "libopencore_amrnb", rate=8000), "audio/amr"),
        ],
        indirect=["content"],
    )
    def test_what_whatsapp_takes_is_left_alone(self, desk: Desk, content: bytes, content_type: str) -> None:
        converted = desk.convert(content, Kind.AUDIO)
        assert (converted.path, converted.changes, converted.refusal) == (None, (), "")
        assert converted.content_type == content_type
        assert converted.duration

    @pytest.mark.parametrize(
        ("content", "channels", "said"),
        [
            (partial(samples.sound, "wav", "pcm_s16le"), 1, "WAV"),
            (partial(samples.sound, "flac", "flac"), 1, "FLAC"),
            (partial(samples.sound, "webm"), 1, "WebM"),
            (partial(tone, "ogg", "libopus", layout="stereo"), 2, "OGG"),
            (partial(tone, "ipod", "alac", layout="stereo"), 2, "M4A"),
            (partial(film, sounds=(("aac", "stereo"),)), 2, "MP4"),
        ],
        indirect=["content"],
    )
    def test_everything_else_becomes_m4a(self, desk: Desk, content: bytes, channels: int, said: str) -> None:
        converted, made = desk.made(content, Kind.AUDIO)
        recording = played(made)
        assert (recording.codecs, recording.channels) == (["aac"], [channels])
        assert recording.heard == pytest.approx(2, abs=0.1)
        assert recording.loudest > 10_000
        assert boxes(made).index(b"moov") < boxes(made).index(b"mdat")
        # What was an M4A already was of another kind inside.
        assert converted.changes == ("Sound converted to AAC" if said == "M4A" else f"Converted from {said} to M4A",)

    def test_a_recording_that_names_its_place_loses_it(self, desk: Desk) -> None:
        content = tone(
            "ipod",
            "aac",
            muxer={"movflags": "use_metadata_tags"},
            metadata={"com.apple.quicktime.location.ISO6709": LISBON},
        )
        assert b"38.7083" in content
        converted, made = desk.made(content, Kind.AUDIO)
        assert converted.changes == ("Location and camera details removed",)
        assert b"38.7083" not in made

    def test_the_sound_of_a_late_directory_is_known(self, desk: Desk) -> None:
        converted = desk.convert(samples.sound("mp4", "aac"), Kind.AUDIO, content_type="video/mp4")
        assert (converted.path, converted.content_type, converted.extension) == (None, "audio/mp4", ".m4a")


class HostileTests:
    @pytest.mark.parametrize("voice", [True, False])
    def test_a_film_without_sound_is_refused(self, desk: Desk, voice: bool) -> None:
        converted = desk.convert(film(sounds=()), Kind.AUDIO, voice=voice)
        assert converted.refusal.startswith("There is nothing to hear in this file.")

    @pytest.mark.parametrize("voice", [True, False])
    @pytest.mark.parametrize("content_type", TYPES)
    def test_noise_is_refused(self, desk: Desk, content_type: str, voice: bool) -> None:
        content = samples.picture("BMP") + bytes(range(256)) * 40
        converted = desk.convert(content, Kind.AUDIO, voice=voice, content_type=content_type)
        assert converted.path is None
        assert converted.refusal

    def test_a_voice_note_without_a_sound_in_it_is_refused(self, desk: Desk) -> None:
        whole = samples.sound()
        headers = whole[: whole.index(b"OggS", whole.index(b"OpusTags"))]
        assert desk.convert(headers, Kind.AUDIO, voice=True).refusal

    def test_what_claims_to_last_for_a_day_is_measured(self, desk: Desk) -> None:
        packed = bytearray(samples.sound("flac", "flac", seconds=1, rate=8000))
        packed[18:26] = ((8000 << 44) | (15 << 36) | (8000 * 86_400)).to_bytes(8, "big")
        assert desk.convert(bytes(packed), Kind.AUDIO).duration == pytest.approx(1, abs=0.15)

    def test_chapters_do_not_count_as_time(self, desk: Desk) -> None:
        long = samples.with_chapters(samples.sound("ipod", "aac", seconds=1), hours=46)
        converted = desk.convert(long, Kind.AUDIO)
        assert (converted.refusal, converted.duration) == ("", pytest.approx(1, abs=0.15))

    def test_a_gap_of_hours_is_not_filled(self, desk: Desk) -> None:
        content = tone("matroska", "libmp3lame", jump=30 * 3600)
        converted = desk.convert(content, Kind.AUDIO)
        assert converted.path is None
        assert converted.refusal
