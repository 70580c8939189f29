"""What WhatsApp takes and how fast."""

from __future__ import annotations

import pytest

from whatsapp import file_sizes, limits
from whatsapp.events import Kind

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


class KindTests:
    @pytest.mark.parametrize(
        ("content_type", "kind"),
        [
            ("image/jpeg", Kind.IMAGE),
            ("IMAGE/PNG", Kind.IMAGE),
            ("image/webp", Kind.STICKER),
            ("image/heic", Kind.DOCUMENT),
            ("video/mp4", Kind.VIDEO),
            ("video/3gpp", Kind.VIDEO),
            ("video/quicktime", Kind.DOCUMENT),
            ("audio/ogg; codecs=opus", Kind.AUDIO),
            ("audio/mpeg", Kind.AUDIO),
            ("application/pdf", Kind.DOCUMENT),
            ("", Kind.DOCUMENT),
        ],
    )
    def test_a_file_goes_as_what_fits_best(self, content_type: str, kind: Kind) -> None:
        assert limits.kind_for(content_type) is kind

    def test_what_was_recorded_here_is_a_voice_message_whatever_its_container(self) -> None:
        assert limits.kind_for("video/webm", voice=True) is Kind.AUDIO


class FileTests:
    @pytest.mark.parametrize(
        ("kind", "content_type", "most"),
        [
            (Kind.IMAGE, "image/jpeg", 5 * 1024 * 1024),
            (Kind.IMAGE, "image/png", 5 * 1024 * 1024),
            (Kind.VIDEO, "video/mp4", 16 * 1024 * 1024),
            (Kind.AUDIO, "audio/ogg", 16 * 1024 * 1024),
            (Kind.DOCUMENT, "application/pdf", 100 * 1024 * 1024),
            (Kind.DOCUMENT, "image/jpeg", 100 * 1024 * 1024),
            (Kind.STICKER, "image/webp", 100 * 1024),
        ],
    )
    def test_the_limit_itself_is_allowed_and_one_byte_more_is_not(
        self, kind: Kind, content_type: str, most: int
    ) -> None:
        assert limits.refuse_file(kind, content_type, most) == ""
        assert "can be up to" in limits.refuse_file(kind, content_type, most + 1)
        assert limits.refuse_file(kind, content_type, 1) == ""

    def test_it_says_both_sizes_and_what_can_be_done(self) -> None:
        sentence = limits.refuse_file(Kind.IMAGE, "image/jpeg", int(7.3 * file_sizes.MB))
        assert sentence == "Photos on WhatsApp can be up to 5 MB; this one is 7.3 MB. You can send it as a document."

    def test_one_byte_over_never_reads_as_the_limit(self) -> None:
        sentence = limits.refuse_file(Kind.VIDEO, "video/mp4", 16 * file_sizes.MB + 1)
        assert "this one is 16.1 MB" in sentence

    def test_what_is_too_large_for_a_document_is_not_offered_as_one(self) -> None:
        assert "document" not in limits.refuse_file(Kind.VIDEO, "video/mp4", 101 * file_sizes.MB)

    def test_an_empty_file_is_refused(self) -> None:
        assert limits.refuse_file(Kind.DOCUMENT, "text/plain", 0) == "The file is empty."

    @pytest.mark.parametrize(
        ("kind", "content_type"),
        [
            (Kind.IMAGE, "image/webp"),
            (Kind.IMAGE, "image/heic"),
            (Kind.IMAGE, "image/svg+xml"),
            (Kind.VIDEO, "video/webm"),
            (Kind.AUDIO, "audio/wav"),
            (Kind.STICKER, "image/png"),
            (Kind.DOCUMENT, "application/zip"),
            (Kind.DOCUMENT, "text/html"),
            (Kind.DOCUMENT, "application/x-executable"),
            (Kind.DOCUMENT, ""),
        ],
    )
    def test_a_type_that_whatsapp_refuses_is_refused_here(self, kind: Kind, content_type: str) -> None:
        sentence = limits.refuse_file(kind, content_type, 1000)
        assert sentence.startswith("WhatsApp doesn’t accept this type")
        assert sentence.endswith(".")

    def test_a_voice_message_is_ogg_only(self) -> None:
        assert limits.refuse_file(Kind.AUDIO, "audio/ogg", 1000, voice=True) == ""
        assert "OGG" in limits.refuse_file(Kind.AUDIO, "audio/mpeg", 1000, voice=True)

    def test_a_sticker_has_its_size_in_pixels_and_may_be_larger_when_it_moves(self) -> None:
        webp = (Kind.STICKER, "image/webp")
        assert limits.refuse_file(*webp, 1000, width=512, height=512) == ""
        assert "512 × 500" in limits.refuse_file(*webp, 1000, width=512, height=500)
        assert limits.refuse_file(*webp, 500 * file_sizes.KB, animated=True) == ""
        assert "Animated sticker" in limits.refuse_file(*webp, 500 * file_sizes.KB + 1, animated=True)

    def test_a_text_message_carries_no_file(self) -> None:
        assert limits.refuse_file(Kind.TEXT, "text/plain", 10)

    @pytest.mark.parametrize(
        ("content_type", "file_name", "declared"),
        [
            ("text/csv", "a.csv", "text/plain"),
            ("text/vcard", "a.vcf", "text/plain"),
            (limits.OLE_STORAGE, "Budget.XLS", "application/vnd.ms-excel"),
            (limits.OLE_STORAGE, "letter.doc", "application/msword"),
            (limits.OLE_STORAGE, "mail.msg", limits.OLE_STORAGE),
            (limits.ENCRYPTED, "letter.docx", DOCX),
            (limits.ENCRYPTED, "letter.pdf", limits.ENCRYPTED),
            (DOCX, "a.docx", DOCX),
            ("audio/ogg; codecs=opus", "", "audio/ogg"),
        ],
    )
    def test_a_type_is_declared_by_the_name_that_whatsapp_knows(
        self, content_type: str, file_name: str, declared: str
    ) -> None:
        assert limits.upload_type(content_type, file_name) == declared
        taken = limits.refuse_file(Kind.DOCUMENT, content_type, 10, file_name=file_name) == ""
        assert taken is (declared in limits.DOCUMENT_TYPES)

    @pytest.mark.parametrize(
        ("file_name", "mime_type", "expected"),
        [
            ("voice.webm", "audio/ogg", "voice.ogg"),
            ("PTT-20261103.opus", "audio/ogg", "PTT-20261103.ogg"),
            ("IMG_1.HEIC", "image/jpeg", "IMG_1.jpg"),
            ("IMG_1.JPEG", "image/jpeg", "IMG_1.JPEG"),
            ("film.MOV", "video/mp4", "film.mp4"),
            ("prices.csv", "text/plain", "prices.txt"),
            ("Offer No. 7", "application/pdf", "Offer No. 7.pdf"),
            ("C:\\scans\\a.tiff", "image/png", "a.png"),
            ("", "image/png", "file.png"),
            (".jpg", "image/png", ".jpg.png"),
        ],
    )
    def test_an_upload_has_a_name_that_fits_the_declared_type(
        self, file_name: str, mime_type: str, expected: str
    ) -> None:
        assert limits.upload_name(file_name, mime_type) == expected

    def test_each_type_that_whatsapp_takes_has_an_ending(self) -> None:
        assert set(limits.EXTENSIONS) == limits.DOCUMENT_TYPES


class TextTests:
    def test_the_limit_itself_is_allowed_and_one_character_more_is_not(self) -> None:
        for kind, most in ((Kind.TEXT, 4096), (Kind.IMAGE, 1024), (Kind.DOCUMENT, 1024), (Kind.INTERACTIVE, 1024)):
            assert limits.refuse_text(kind, "x" * most) == ""
            assert f"{most:,}" in limits.refuse_text(kind, "x" * (most + 1))

    def test_a_message_needs_words_and_a_caption_does_not(self) -> None:
        assert limits.refuse_text(Kind.TEXT, " \n ") == "Message: enter some text."
        assert limits.refuse_text(Kind.VIDEO, "") == ""

    @pytest.mark.parametrize("kind", [Kind.AUDIO, Kind.STICKER])
    def test_a_recording_and_a_sticker_take_no_caption(self, kind: Kind) -> None:
        assert "caption" in limits.refuse_text(kind, "hello")
        assert limits.refuse_text(kind, "") == ""

    def test_half_a_character_is_refused(self) -> None:
        assert "can’t send" in limits.refuse_text(Kind.TEXT, "a\ud83d")
        assert "can’t send" in limits.refuse_text(Kind.TEXT, "a\x00")


class ReactionTests:
    @pytest.mark.parametrize(
        "emoji", ["", "👍", "👍🏽", "❤️", "❤", "🇵🇹", "👨‍👩‍👧‍👦", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1️⃣", "#⃣", "🏳️‍🌈", "❤️‍🔥", "☺️", "🫱🏻‍🫲🏿", "©️"]
    )
    def test_one_emoji_is_a_reaction(self, emoji: str) -> None:
        assert limits.refuse_reaction(emoji) == ""

    @pytest.mark.parametrize("text", ["a", "👍👍", "ok 👍", "1", " ", "<b>", ":)", "👍\n", "\u200d", "é", "🇵"])
    def test_anything_else_is_not(self, text: str) -> None:
        assert limits.refuse_reaction(text) == "A reaction is exactly one emoji."


class RateTests:
    @pytest.mark.parametrize(
        ("throughput", "per_second"),
        [("", 80), ("STANDARD", 80), ("standard", 80), ("HIGH", 1000), ("NOT_APPLICABLE", 20), ("new word", 80)],
    )
    def test_the_numbers_own_word_tells_its_rate(self, throughput: str, per_second: int) -> None:
        assert limits.per_second(throughput) == per_second


class PlaceTests:
    @pytest.mark.parametrize(("latitude", "longitude"), [(0, 0), (-90, 180), (38.71, -9.14)])
    def test_a_place_on_earth_is_one(self, latitude: float, longitude: float) -> None:
        assert limits.refuse_place(latitude, longitude) == ""

    @pytest.mark.parametrize(
        ("latitude", "longitude"),
        [(90.1, 0), (0, -181), (float("nan"), 0), (0, float("inf")), ("38", 0), (None, None), (True, 0)],
    )
    def test_anything_else_is_not(self, latitude: object, longitude: object) -> None:
        assert limits.refuse_place(latitude, longitude)
