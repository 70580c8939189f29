"""Names and texts without case and accents, as people search them: the same in Python as in the database."""

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


def fold(text: str) -> str:
    """A text without case and accents: "Größe d'Ávila" gives "grosse d'avila".

    PostgreSQL's function inbox_folded does the same (migration 0020); both change together.
    """
    bare = ACCENTS.sub("", unicodedata.normalize("NFKD", text)).lower()
    return unicodedata.normalize("NFC", bare).translate(LETTERS)


def words(text: str) -> list[str]:
    """The words of a name or of a search, folded: "Größe d'Ávila" gives grosse, d, avila.

    PostgreSQL's function inbox_name_words does the same (migration 0011); both change together, with a new index.
    """
    return [word[:LONGEST] for word in SIGNS.split(fold(text)) if word]


def find(text: str, sought: str) -> tuple[int, int] | None:
    """Where ``sought`` stands in a text, whatever its case and accents: where it begins and ends, None if nowhere.

    The text must be in Unicode's form NFC, so that a letter and its accent are one character.
    """
    wanted = fold(sought)
    if not wanted:
        return None
    parts = [text.lower()] if text.isascii() else [fold(character) for character in text]
    at = "".join(parts).find(wanted)
    if at < 0:
        return None
    if text.isascii():
        return at, at + len(wanted)
    #: For each folded character, the character of the text that it comes from.
    origin = [position for position, part in enumerate(parts) for _ in part]
    return origin[at], origin[at + len(wanted) - 1] + 1
