"""Decode text files in any encoding: UTF-8, UTF-16, UTF-32 and the legacy encodings."""

from __future__ import annotations

import codecs

import chardet

#: Byte order marks. UTF-32 first: its mark begins like that of UTF-16.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: Legacy encodings of customers' files. Fewer candidates mean fewer wrong guesses.
LEGACY = (
    *(f"cp125{digit}" for digit in range(9)),
    *("iso-8859-2", "koi8-r", "koi8-u", "cp437", "cp850", "cp852", "cp866", "cp874", "mac-roman"),
    *("cp932", "euc-jp", "iso-2022-jp", "gb18030", "big5", "big5hkscs", "cp949", "iso-2022-kr"),
)
#: Bytes that the guess is based on.
LOOKED_AT = 64 * 1024
#: Below this confidence the guess is ignored: a few words with two or three accents.
SURE_ENOUGH = 0.04
WESTERN = "cp1252"
#: Non-ASCII characters of West European texts; others mean another encoding.
WESTERN_CHARACTERS = frozenset(
    "àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿœšžßðþÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝŸŒŠŽÐÞ€£¥¢§©®™°ºª«»‹›¿¡´·…–—‘’‚“”„•½¼¾²³µ×\xa0"
)


def decode(content: bytes, *, whole: bool = True) -> str:
    """The text in ``content`` with "\\n" line ends; undecodable bytes become replacement characters.

    ``whole``: False when the file continues; an incomplete last character is then dropped.
    """
    encoding = encoding_of(content)
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    return decoder.decode(content, final=whole).replace("\r\n", "\n").replace("\r", "\n")


def encoding_of(content: bytes) -> str:
    """Python's name of the encoding of ``content``, as far as it can be told. Never raises."""
    for mark, name in MARKS:
        if content.startswith(mark):
            return name
    sample = content[:LOOKED_AT]
    wide = unmarked_utf16(sample)
    if wide:
        return wide
    # Japanese and Korean e-mail text is ASCII with escape sequences.
    switches = b"\x1b$" in sample or b"\x1b(" in sample
    return "utf-8" if is_utf8(sample) and not switches else _legacy(sample)


def is_utf8(sample: bytes) -> bool:
    """Whether these bytes begin a UTF-8 text; the last character may be incomplete."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def unmarked_utf16(sample: bytes) -> str:
    """The UTF-16 variant of text without a mark, empty when it isn't UTF-16: every other byte of text up to U+07FF is
    below 8."""
    if b"\0" not in sample or len(sample) < 4:
        return ""
    for high, low, name in ((sample[1::2], sample[0::2], "utf-16-le"), (sample[0::2], sample[1::2], "utf-16-be")):
        if _small(high) > 0.9 * len(high) and _small(low) < 0.05 * len(low):
            return name
    return ""


def _small(values: bytes) -> int:
    return sum(value < 8 for value in values)


def _legacy(sample: bytes) -> str:
    found = chardet.detect(sample, include_encodings=LEGACY, no_match_encoding=WESTERN)
    name = found["encoding"] or WESTERN
    if found["confidence"] < SURE_ENOUGH and _reads_western(sample):
        return WESTERN
    try:
        codecs.lookup(name)
    except LookupError:
        return WESTERN
    return name


def _reads_western(sample: bytes) -> bool:
    try:
        text = sample.decode(WESTERN)
    except UnicodeDecodeError:
        return False
    return all(character.isascii() or character in WESTERN_CHARACTERS for character in text)
