from __future__ import annotations

from django.utils import translation

from core.translation import gettext, translator


class TranslationTests:
    def test_it_follows_the_language(self) -> None:
        with translation.override("de"):
            assert gettext("Monday") == "Montag"
            german = translator()
        with translation.override("es"):
            assert gettext("Monday") == "lunes"
            assert german("Monday") == "Montag"
