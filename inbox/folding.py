"""Names without case, accents and signs, as people search them: the same in Python as in the index of contacts."""

from __future__ import annotations

import re
import unicodedata

ACCENTS = re.compile("[\u0300-\u036f]+")
#: Letters that Unicode does not take apart.
LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ı": "i", "ς": "σ"}
    | {"ß": "ss", "æ": "ae", "œ": "oe", "þ": "th"}
)
#: What stands between words: control characters, and punctuation of the Latin and the CJK scripts.
SIGNS = re.compile("[\x00-/:-@\\[-`{-\xbf\u2000-\u206f\u3000-\u303f\ufe0f]+")
#: Longer words are cut: the index holds none.
LONGEST = 64


def words(text: str) -> list[str]:
    """The words of a name or of a search, folded: "Größe d'Ávila" gives grosse, d, avila.

    PostgreSQL's function inbox_name_words does the same (migration 0011); both change together, with a new index.
    """
    bare = ACCENTS.sub("", unicodedata.normalize("NFKD", text)).lower()
    folded = unicodedata.normalize("NFC", bare).translate(LETTERS)
    return [word[:LONGEST] for word in SIGNS.split(folded) if word]
