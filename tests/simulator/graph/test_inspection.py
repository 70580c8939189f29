"""What WhatsApp finds wrong with a file: the send is accepted, and fails later with 131053."""

from __future__ import annotations

import io
import time
from typing import Any

import av
import pytest
from PIL import Image

from simulator.network import world
from simulator.samples import catalog, recordings
from simulator.server import Simulator
from tests.simulator.conftest import Api, Endpoint, refusal


def picture(form: str, size: tuple[int, int] = (512, 512), mode: str = "RGB", **more: Any) -> bytes:
    file = io.BytesIO()
    Image.effect_noise(size, 90).convert(mode).save(file, form, **more)
    return file.getvalue()


def sound(container: str, codec: str, channels: int) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream = out.add_stream(codec, rate=48000)
        stream.layout = "mono" if channels == 1 else "stereo"
        frame = av.AudioFrame(format=stream.format.name, layout=stream.layout.name, samples=960)  # type: ignore[attr-defined]
        frame.sample_rate = 48000
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        for packet in (*stream.encode(frame), *stream.encode(None)):
            out.mux(packet)
    return file.getvalue()


class FileTests:
    @pytest.mark.parametrize("kind", ["image", "video", "audio", "voice", "document", "sticker", "sticker-animated"])
    def test_it_takes_what_is_in_order(self, api: Api, endpoint: Endpoint, kind: str) -> None:
        api.write(text="Hello")
        sample, word = catalog.make(kind), {"voice": "audio", "sticker-animated": "sticker"}.get(kind, kind)
        part = {"id": api.upload(sample.content, sample.mime_type)} | ({"voice": True} if kind == "voice" else {})

        api.answer(type=word, **{word: part})

        assert [each["status"] for each in endpoint.wait_for_statuses(2)] == ["sent", "delivered"]

    @pytest.mark.parametrize(
        ("word", "mime_type", "content", "details"),
        [
            ("image", "image/jpeg", picture("PNG"), "Received a file of type PNG"),
            ("image", "image/jpeg", picture("JPEG", mode="CMYK"), "RGB or RGBA"),
            ("image", "image/png", b"not a picture", "bytes are not image/png"),
            ("image", "image/webp", picture("WEBP"), "not supported in a message of type image"),
            ("sticker", "image/webp", picture("WEBP", (511, 512)), "512x512"),
            ("sticker", "image/webp", picture("WEBP", lossless=True), "static sticker"),
            ("sticker", "image/png", picture("PNG"), "not supported"),
            ("audio", "audio/ogg", sound("ogg", "libopus", 2), "mono"),
            ("audio", "audio/ogg", sound("ogg", "flac", 1), "codec flac"),
            ("audio", "audio/mpeg", b"x" * 4000, "bytes are not audio/mpeg"),
            ("video", "video/mp4", b"x" * 4000, "bytes are not video/mp4"),
            ("video", "audio/mpeg", b"x", "not supported in a message of type video"),
            ("document", "application/pdf", b"PK not a pdf", "bytes are not application/pdf"),
        ],
    )
    def test_it_refuses(
        self, api: Api, endpoint: Endpoint, word: str, mime_type: str, content: bytes, details: str
    ) -> None:
        api.write(text="Hello")

        assert api.answer(type=word, **{word: {"id": api.upload(content, mime_type)}}).status_code == 200

        error = endpoint.wait_for_statuses()[0]["errors"][0]
        assert error["code"] == 131053
        assert details in error["error_data"]["details"]

    @pytest.mark.parametrize(
        ("word", "sample", "name"),
        [
            ("audio", "voice", "voice.webm"),
            ("audio", "voice", "voice.opus"),
            ("image", "image", "photo.heic"),
            ("video", "video", "film.mov"),
            ("document", "document", "offer"),
        ],
    )
    def test_a_name_that_says_another_type_than_was_declared_fails_later(
        self, api: Api, endpoint: Endpoint, word: str, sample: str, name: str
    ) -> None:
        api.write(text="Hello")
        made = catalog.make(sample)

        assert api.answer(type=word, **{word: {"id": api.upload(made.content, made.mime_type, name)}}).ok

        error = endpoint.wait_for_statuses()[0]["errors"][0]
        assert error["code"] == 131053
        assert "its name ends in" in error["error_data"]["details"]

    def test_a_voice_note_is_ogg(self, api: Api, endpoint: Endpoint) -> None:
        api.write(text="Hello")
        song = recordings.encode_sound(recordings.bell(1), container="mp3", codec="libmp3lame", bit_rate=64000)

        api.answer(type="audio", audio={"id": api.upload(song, "audio/mpeg"), "voice": True})

        assert endpoint.wait_for_statuses()[0]["errors"][0]["code"] == 131053

    def test_an_upload_is_forgotten_after_its_days(self, api: Api) -> None:
        media_id = api.upload(catalog.make("image").content, "image/jpeg")
        api.media_fault(media_id, expires_in=-1)

        assert refusal(api.answer(type="image", image={"id": media_id}))[0] == 100

    def test_an_upload_lives_thirty_days(self, api: Api, simulator: Simulator) -> None:
        found = simulator.exchange.store.media(api.upload(catalog.make("image").content, "image/jpeg"))

        assert found
        assert 29 * 86400 < found.expires_at - time.time() <= 30 * 86400

    def test_another_number_cannot_send_it(self, api: Api) -> None:
        media_id = api.upload(catalog.make("image").content, "image/jpeg")
        message = {"messaging_product": "whatsapp", "to": "+351915550123", "type": "image", "image": {"id": media_id}}

        answer = api.graph("POST", f"{world.NUMBERS[1].phone_number_id}/messages", json=message)

        assert refusal(answer)[0] == 100

    def test_a_link_that_leads_nowhere_fails_later(self, api: Api, endpoint: Endpoint) -> None:
        api.write(text="Hello")

        for path in ("nothing", "static/phone.css"):
            link = f"{api.origin}/{path}"
            assert api.answer(type="image", image={"link": link}).status_code == 200

        errors = [each["errors"][0] for each in endpoint.wait_for_statuses(2)]
        assert {error["code"] for error in errors} == {131053}
        assert any("http code 404" in error["error_data"]["details"] for error in errors)

    def test_a_link_is_fetched_and_shown(self, api: Api, endpoint: Endpoint) -> None:
        api.write("image")
        media_id = api.messages()[0]["media_id"]

        api.answer(type="image", image={"link": f"{api.origin}/files/{media_id}", "caption": "By link"})

        assert endpoint.wait_for_statuses()[0]["status"] == "sent"
        assert api.messages()[-1]["media_id"] not in ("", media_id)
