from __future__ import annotations

import io
import zipfile

import av
import pypdfium2
import pytest
from PIL import Image

from simulator.samples import catalog, recordings


class PictureTests:
    @pytest.mark.parametrize("name", [name for name in catalog.NAMES if name.startswith("photo-")])
    def test_a_photo_looks_like_a_camera_made_it(self, name: str) -> None:
        sample = catalog.make(name)

        with Image.open(io.BytesIO(sample.content)) as image:
            assert image.format == "JPEG"
            assert max(image.size) >= 1200
        assert 20_000 < len(sample.content) < 1_000_000

    def test_a_sticker_is_what_whatsapp_takes(self) -> None:
        for name, limit, moves in (("sticker", 100 * 1024, False), ("sticker-animated", 500 * 1024, True)):
            sample = catalog.make(name)
            with Image.open(io.BytesIO(sample.content)) as image:
                assert (image.format, image.size) == ("WEBP", (512, 512))
                assert getattr(image, "is_animated", False) is moves is sample.animated
            assert len(sample.content) <= limit


class RecordingTests:
    @pytest.mark.parametrize(
        ("name", "container", "codec"),
        [
            ("voice", "ogg", "opus"),
            ("song", "mp3", "mp3float"),
            ("song-m4a", "mov,mp4,m4a,3gp,3g2,mj2", "aac"),
            ("song-aac", "aac", "aac"),
        ],
    )
    def test_a_sound_is_what_it_says(self, name: str, container: str, codec: str) -> None:
        with av.open(io.BytesIO(catalog.make(name).content), "r") as source:
            assert source.format.name == container
            assert source.streams.audio[0].codec_context.name == codec
            assert source.streams.audio[0].codec_context.layout.name == "mono"
            silent = [not any(bytes(frame.planes[0])) for frame in source.decode(audio=0)]
            assert silent.count(False) > len(silent) / 2

    def test_a_film_starts_at_once_and_has_no_b_frames(self) -> None:
        content = catalog.make("film").content

        assert content.index(b"moov") < content.index(b"mdat")
        with av.open(io.BytesIO(content), "r") as source:
            video, audio = source.streams.video[0], source.streams.audio[0]
            assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
            assert video.codec_context.has_b_frames == 0
            assert audio.codec_context.name == "aac"
            assert sum(1 for _ in source.decode(video=0)) == 80

    def test_a_browsers_recording_becomes_a_voice_note(self) -> None:
        recording = recordings.encode_sound(recordings.bell(1), container="webm", codec="libopus")

        voice = recordings.to_voice(recording)

        with av.open(io.BytesIO(voice), "r") as source:
            assert source.format.name == "ogg"
            assert source.streams.audio[0].codec_context.layout.name == "mono"
            assert source.duration is not None
            assert 900_000 < source.duration < 1_200_000

    @pytest.mark.parametrize("recording", [b"", b"not a recording", catalog.make("photo-hills").content])
    def test_what_has_no_sound_is_refused(self, recording: bytes) -> None:
        with pytest.raises(ValueError, match="recording"):
            recordings.to_voice(recording)


class DocumentTests:
    def test_the_invoice_has_pages_and_text(self) -> None:
        document = pypdfium2.PdfDocument(catalog.make("invoice").content)

        assert len(document) == 3
        assert "Invoice NC2-40817" in document[0].get_textpage().get_text_range()
        document.close()

    def test_the_letter_is_a_word_document(self) -> None:
        with zipfile.ZipFile(io.BytesIO(catalog.make("letter").content)) as archive:
            assert b"Dear Norte team" in archive.read("word/document.xml")

    def test_an_unknown_name_is_refused(self) -> None:
        with pytest.raises(ValueError, match="There is no sample 'photo-moon'"):
            catalog.make("photo-moon")
