"""Open films and sounds, for previews and conversion: one demuxer for each type, decoders from a list."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import av.subtitles.stream  # PyAV imports it when it opens a file, which is after the lock

#: The one demuxer for each type: FFmpeg's own guess would try playlists too, which name other files and hosts.
DEMUXERS = {
    "video/mp4": "mov",
    "video/quicktime": "mov",
    "video/3gpp": "mov",
    "video/webm": "matroska",
    "video/x-matroska": "matroska",
    "video/x-msvideo": "avi",
    "audio/mp4": "mov",
    "audio/ogg": "ogg",
    "audio/mpeg": "mp3",
    "audio/aac": "aac",
    "audio/amr": "amr",
    "audio/amr-wb": "amr",
    "audio/wav": "wav",
    "audio/flac": "flac",
    "audio/webm": "matroska",
    "audio/x-matroska": "matroska",
    "audio/aiff": "aiff",
    "audio/basic": "au",
    "audio/gsm": "gsm",
    "audio/x-caf": "caf",
    "audio/x-ms-wma": "asf",
    "video/ogg": "ogg",
    "video/x-ms-wmv": "asf",
}
#: The decoders that may be started, of all that FFmpeg has.
VIDEO_CODECS = frozenset(
    {
        *("h264", "hevc", "h263", "mpeg4", "vp8", "vp9", "av1", "mjpeg", "mpeg2video", "msmpeg4v3", "prores", "theora"),
        *("wmv1", "wmv2", "wmv3", "vc1"),
    }
)
AUDIO_CODECS = frozenset(
    {
        *("aac", "mp3", "mp2", "opus", "vorbis", "amr_nb", "amr_wb", "flac", "alac", "ac3", "eac3", "speex"),
        *("gsm", "gsm_ms", "wmav1", "wmav2", "wmapro", "adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt"),
        *("pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be", "pcm_f32le", "pcm_f32be"),
        *("pcm_f64le", "pcm_s8", "pcm_u8", "pcm_mulaw", "pcm_alaw"),
    }
)
#: Damaged packets that are left out, as players do, before a file is given up.
ERRORS_TOLERATED = 20


@contextmanager
def opened(source: Path, content_type: str) -> Iterator[Any]:
    """The container in ``source``. FFmpeg gets a file object and no protocol, so that a playlist opens nothing else."""
    with (
        source.open("rb") as file,
        av.open(file, format=DEMUXERS[content_type], options={"protocol_whitelist": "none"}) as container,
    ):
        yield container


def pictures_of(container: Any) -> Any | None:
    """The first stream of moving pictures, if there is one; a cover picture is none."""
    return next((stream for stream in container.streams.video if not stream.disposition & ATTACHED_PICTURE), None)


ATTACHED_PICTURE = av.stream.Disposition.attached_pic


def shown_size(frame: Any, stream: Any) -> tuple[int, int]:
    """The width and height of a frame as players show it: upright and with square pixels."""
    ratio = float(stream.sample_aspect_ratio or 1) or 1.0
    size = (max(1, round(frame.width * ratio)) if 0.1 < ratio < 10 else frame.width, frame.height)
    return size[::-1] if turn_of(frame) in (90, 270) else size


def turn_of(frame: Any) -> int:
    """By how many degrees counterclockwise a frame is shown: 0, 90, 180 or 270."""
    return round((frame.rotation or 0) / 90) * 90 % 360


def played_seconds(container: Any) -> float | None:
    """How long the first film and the first sound play, or None when that cannot be told.

    Reads all packets: headers also count chapters and cover pictures, and are often wrong.
    """
    streams = [stream for stream in (pictures_of(container), *container.streams.audio[:1]) if stream is not None]
    first = last = None
    try:
        for packet in container.demux(*streams) if streams else ():
            at = packet.pts if packet.pts is not None else packet.dts
            if at is not None and packet.size and packet.time_base is not None:
                start = float(at * packet.time_base)
                end = start + float((packet.duration or 0) * packet.time_base)
                first = start if first is None else min(first, start)
                last = end if last is None else max(last, end)
    except av.error.InvalidDataError:
        pass  # cut off: what was read plays
    if first is None or last is None:
        return None
    seconds = last - max(first, 0.0)  # players leave out what is before zero
    return round(seconds, 3) if 0 < seconds < 10_000_000 else None
