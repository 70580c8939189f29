"""The sentences of our scripts in the page's language."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.utils.html import json_script
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation.trans_real import DjangoTranslation
from django.views.i18n import JSONCatalog

#: Where static/js/i18n.js looks for it.
ELEMENT = "catalogue"


@cache
def script(language: str) -> SafeString:
    """The catalogue as an element of the page. Empty for English, which the scripts speak by themselves, and for a
    language without translations."""
    view = JSONCatalog()
    folders = [str(path) for path in settings.LOCALE_PATHS]
    view.translation = DjangoTranslation(language, domain="djangojs", localedirs=folders)
    if language == settings.LANGUAGE_CODE or not view.translation._catalog:  # type: ignore[attr-defined]
        return mark_safe("")
    return json_script(view.get_catalog(), ELEMENT)
