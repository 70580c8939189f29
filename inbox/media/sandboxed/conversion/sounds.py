"""Sounds: voice notes as mono Opus, everything else as WhatsApp takes it or as AAC."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av

from core.sandbox import RefusalError
from inbox.media.sandboxed import gettext_noop
from inbox.media.sandboxed.conversion import CONVERTED, LOCATION_REMOVED, Outcome
from inbox.media.sandboxed.conversion.streams import (
    LONGEST_SECONDS,
    Sound,
    codec_of,
    decoded,
    opened,
    seconds_of,
)
from inbox.media.sandboxed.recording_files import AUDIO_CODECS, pictures_of
from whatsapp.events import Kind
from whatsapp.file_sizes import BYTES, VOICE_AT_ONCE_BYTES

#: The codecs that WhatsApp takes in each type (Meta's "Media" reference: audio).
TAKEN = {
    "audio/aac": {"aac"},
    "audio/amr": {"amr_nb"},
    "audio/mpeg": {"mp3"},
    "audio/mp4": {"aac"},
    "audio/ogg": {"opus"},
}
CHANNELS = {"audio/amr": 1, "audio/ogg": 1}
OPUS_RATE = 48_000
BEST_VOICE, WORST_VOICE = 32_000, 16_000
BEST_MUSIC, WORST_MUSIC = 128_000, 32_000
TOO_LONG = gettext_noop("This recording is too long for WhatsApp’s 16 MB.")
SILENT = gettext_noop("There is nothing to hear in this file.")
VOICE_NOTE = gettext_noop("Converted to a voice note")
TO_AAC = gettext_noop("Sound converted to AAC")
NAMES = {
    "audio/wav": "WAV",
    "audio/flac": "FLAC",
    "audio/ogg": "OGG",
    "audio/mpeg": "MP3",
    "audio/aac": "AAC",
    "audio/mp4": "M4A",
    "audio/amr": "AMR",
    "audio/amr-wb": "AMR",
    "audio/webm": "WebM",
    "video/webm": "WebM",
    "video/mp4": "MP4",
    "video/quicktime": "MOV",
    "video/x-matroska": "MKV",
    "video/x-msvideo": "AVI",
    "video/3gpp": "3GP",
    "video/ogg": "OGV",
    "video/x-ms-wmv": "WMV",
    "audio/x-matroska": "MKA",
    "audio/aiff": "AIFF",
    "audio/basic": "AU",
    "audio/gsm": "GSM",
    "audio/x-caf": "CAF",
    "audio/x-ms-wma": "WMA",
}


def convert_voice(source: Path, target: Path, content_type: str) -> Outcome:
    """The sound of a recording as a voice note: mono OGG/Opus at 48 kHz. One that is that already stays as it is."""
    seconds = seconds_of(source, content_type) or 0
    with opened(source, content_type) as container:
        sound = _sound(container)
        if _fits(source, container, sound, content_type) and content_type == "audio/ogg":
            return _unchanged(container, sound, content_type, seconds)
        rate = _bit_rate(seconds, VOICE_AT_ONCE_BYTES, BEST_VOICE, WORST_VOICE)
        path = target / "converted.ogg"
        with av.open(str(path), "w", format="ogg", options={"fflags": "bitexact"}) as out:
            duration = _encode(
                container, sound, Sound(out, "libopus", layout="mono", rate=OPUS_RATE, bit_rate=rate, start=None)
            )
        _check(path)
        return Outcome("audio/ogg", path.name, [VOICE_NOTE], duration=duration)


def convert(source: Path, target: Path, content_type: str) -> Outcome:
    """A sound file as WhatsApp takes it: unchanged, or as AAC in an .m4a file."""
    seconds = seconds_of(source, content_type) or 0
    with opened(source, content_type) as container:
        sound = _sound(container)
        if content_type == "video/mp4" and pictures_of(container) is None:
            content_type = "audio/mp4"  # its beginning did not tell
        located = any("location" in key for key in container.metadata)
        if _fits(source, container, sound, content_type) and not located:
            return _unchanged(container, sound, content_type, seconds)
        rate = _bit_rate(seconds, BYTES[Kind.AUDIO], BEST_MUSIC, WORST_MUSIC)
        context = sound.codec_context
        layout = "mono" if context.channels == 1 else "stereo"
        path = target / "converted.m4a"
        with av.open(str(path), "w", format="ipod", options={"movflags": "faststart", "fflags": "bitexact"}) as out:
            encoder = Sound(
                out,
                "aac",
                layout=layout,
                rate=48_000 if context.sample_rate != 44_100 else 44_100,
                bit_rate=min(rate, 96_000) if layout == "mono" else rate,
                start=None,
            )
            duration = _encode(container, sound, encoder)
        _check(path)
        name = NAMES.get(content_type, content_type)
        # Not every M4A is AAC: some are lossless (ALAC), which only Apple's phones play.
        changed = TO_AAC if name == "M4A" else CONVERTED % {"old": name, "new": "M4A"}
        changes = [LOCATION_REMOVED] if located else [changed]
        return Outcome("audio/mp4", path.name, changes, duration=duration)


def _sound(container: Any) -> Any:
    if not container.streams.audio:
        raise RefusalError(SILENT)
    sound = container.streams.audio[0]
    codec_of(sound, AUDIO_CODECS)
    return sound


def _fits(source: Path, container: Any, sound: Any, content_type: str) -> bool:
    context = sound.codec_context
    return (
        context.codec.canonical_name in TAKEN.get(content_type, ())
        and context.channels <= CHANNELS.get(content_type, 2)
        and len(container.streams.audio) == 1
        and pictures_of(container) is None
        and source.stat().st_size <= BYTES[Kind.AUDIO]
    )


def _unchanged(container: Any, sound: Any, content_type: str, seconds: float) -> Outcome:
    """A sound that is sent as it is; raises RefusalError when nothing of it can be decoded."""
    if next(decoded(container, sound), None) is None:
        raise RefusalError(SILENT)
    return Outcome(content_type, duration=seconds or None)


def _bit_rate(seconds: float, most_bytes: int, best: int, worst: int) -> int:
    """Bits a second with which so many seconds fit into so many bytes, the container's share left over."""
    if seconds > LONGEST_SECONDS:
        raise RefusalError(TOO_LONG)
    return best if not seconds else round(min(best, max(worst, most_bytes * 8 * 0.93 / seconds)))


def _encode(container: Any, sound: Any, encoder: Sound) -> float:
    for _, frame in decoded(container, sound):
        encoder.add(frame)
    encoder.close()
    return round(encoder.seconds, 3)


def _check(path: Path) -> None:
    if path.stat().st_size > BYTES[Kind.AUDIO]:
        raise RefusalError(TOO_LONG)
