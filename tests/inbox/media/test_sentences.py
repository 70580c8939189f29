from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils import translation

from inbox.media import sentences
from inbox.media.sandboxed.conversion import CONVERTED

CATALOGUE = {
    CONVERTED: "%(new)s aus %(old)s gemacht",
    "This file is not a picture.": "Diese Datei ist kein Bild.",
    "It can be sent as a document.": "Sie kann als Dokument gesendet werden.",
}


@pytest.fixture(autouse=True)
def german(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sentences, "gettext", lambda text: CATALOGUE.get(text, text))
    with translation.override("de"):
        yield


class ShownTests:
    def test_values_are_kept(self) -> None:
        assert sentences.shown("Converted from HEIC to JPEG") == "JPEG aus HEIC gemacht"

    def test_several_sentences_are_translated_one_by_one(self) -> None:
        assert sentences.shown("This file is not a picture. It can be sent as a document.") == (
            "Diese Datei ist kein Bild. Sie kann als Dokument gesendet werden."
        )

    @pytest.mark.parametrize("text", ["", "Something else (HTTP 503)."])
    def test_what_is_unknown_stays_as_it_is(self, text: str) -> None:
        assert sentences.shown(text) == text

    def test_english_needs_no_catalogue(self) -> None:
        with translation.override("en"):
            assert sentences.shown("Converted from HEIC to JPEG") == "Converted from HEIC to JPEG"
