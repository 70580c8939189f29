"""Previews of films and sounds: a poster, the duration, the loudness over time, and a copy that every browser plays."""

from __future__ import annotations

import array
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
from PIL import Image

from core.sandbox import RefusalError
from inbox.media.sandboxed import gettext_noop
from inbox.media.sandboxed.previews import MAX_PIXELS, THUMBNAIL_PIXELS, TOO_MANY_PIXELS
from inbox.media.sandboxed.previews.pictures import save_thumbnail
from inbox.media.sandboxed.recording_files import (
    AUDIO_CODECS,
    ERRORS_TOLERATED,
    VIDEO_CODECS,
    opened,
    pictures_of,
    played_seconds,
    shown_size,
    turn_of,
)

#: The sounds that every browser plays, by type; of all others there is a copy. Safari has no Ogg before 18.4.
PLAYED = {
    "audio/mpeg": {"mp3"},
    "audio/mp4": {"aac"},
    "audio/aac": {"aac"},
    "audio/flac": {"flac"},
    "audio/wav": {"pcm_s16le", "pcm_u8"},
}
#: The same of films: an MP4 file with H.264 in 8 bits.
PLAYED_FILM = "video/mp4"
PLAYED_PIXELS = ("yuv420p", "yuvj420p")
PLAYED_SOUND = ("aac", "mp3")
#: Longer recordings get their duration and nothing that needs all of them to be decoded.
MAX_DECODED_SECONDS = 20 * 60
#: Shorter films without sound are shown as animations.
LOOP_SECONDS = 20
WAVEFORM_POINTS = 64
WAVEFORM_RATE = 8000
#: One loudness value for each 20 ms, of which the points are made.
BLOCK_SAMPLES = WAVEFORM_RATE // 50
COPY_BIT_RATE = 64_000
#: Pillow counts counterclockwise too.
TURNS = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}
NOTHING = gettext_noop("There is nothing to see or hear in this file.")
SILENT = gettext_noop("There is nothing to hear in this file.")
NO_VIDEO_PREVIEW = gettext_noop("This video is in a format that has no preview.")
NO_SOUND_PREVIEW = gettext_noop("This recording is in a format that has no preview.")
DAMAGED = gettext_noop("This video is damaged, so it has no preview.")


def draw(source: Path, target: Path, content_type: str) -> dict[str, Any]:
    """Draw a poster of a film or the loudness of a sound; a film without pictures is a sound.

    ``plays`` in the result: whether every browser plays the file or its copy.
    """
    with opened(source, content_type) as container:
        seconds = played_seconds(container)
    with opened(source, content_type) as container:
        pictures = pictures_of(container)
        if pictures is not None and content_type.startswith("video/"):
            film = _film(container, pictures, target, content_type)
            # What phones call a GIF: it may play by itself in the page.
            loops = not container.streams.audio and (seconds or LOOP_SECONDS) < LOOP_SECONDS
            return film | {"duration": seconds, "animated": loops}
        if not container.streams.audio:
            raise RefusalError(NOTHING)
        return _sound(container, target, content_type, seconds)


def _film(container: Any, stream: Any, target: Path, content_type: str) -> dict[str, Any]:
    stream.codec_context.thread_count = 1
    if stream.codec_context.codec.canonical_name not in VIDEO_CODECS:
        raise RefusalError(NO_VIDEO_PREVIEW)
    _check_pixels(stream.codec_context)
    frame = next(_frames(container, stream), None)
    if frame is None:
        raise RefusalError(DAMAGED)
    _check_pixels(frame)
    width, height = shown_size(frame, stream)
    turn = turn_of(frame)
    unturned = (height, width) if turn in (90, 270) else (width, height)
    scale = min(1.0, THUMBNAIL_PIXELS / max(unturned))
    small = frame.reformat(*(max(1, round(side * scale)) for side in unturned), "rgb24").to_image()
    return {
        "thumbnail": save_thumbnail(small, target, TURNS.get(turn)),
        "width": width,
        "height": height,
        "plays": content_type == PLAYED_FILM and _plays(stream, container.streams.audio),
    }


def _check_pixels(frame: Any) -> None:
    if frame.width * frame.height > MAX_PIXELS:
        raise RefusalError(TOO_MANY_PIXELS)


def _plays(film: Any, sounds: Any) -> bool:
    """Whether every browser plays a film with these tracks."""
    context = film.codec_context
    return (
        context.codec.canonical_name == "h264"
        and context.pix_fmt in PLAYED_PIXELS
        and all(sound.codec_context.codec.canonical_name in PLAYED_SOUND for sound in sounds[:1])
    )


def _sound(container: Any, target: Path, content_type: str, duration: float | None) -> dict[str, Any]:
    stream = container.streams.audio[0]
    codec = stream.codec_context.codec.canonical_name if stream.codec_context is not None else ""
    if codec not in AUDIO_CODECS:
        raise RefusalError(NO_SOUND_PREVIEW)
    stream.codec_context.thread_count = 1
    copy = codec not in PLAYED.get(content_type, ())
    if duration is not None and duration > MAX_DECODED_SECONDS:
        return {"duration": duration, "plays": not copy}
    loudness = _Loudness()
    writer = _Copy(target / "playable.m4a", stream) if copy else None
    seconds = 0.0
    for frame in _frames(container, stream):
        seconds += frame.samples / frame.sample_rate
        if seconds > MAX_DECODED_SECONDS:
            return {"duration": duration, "plays": not copy}
        frame.pts = None
        if writer is not None:  # first: the other changes a frame that needs no conversion
            writer.add(frame)
        loudness.add(frame)
    if writer is not None:
        writer.close()
    if not seconds:
        raise RefusalError(SILENT)
    # Counted, because a header may lie and an MP3 without one only lets FFmpeg guess.
    facts = {"duration": round(seconds, 3), "waveform": loudness.points(), "plays": True}
    return facts | {"copy": "audio/mp4"} if writer is not None else facts


def _frames(container: Any, stream: Any) -> Iterator[Any]:
    """The decoded frames, without those of damaged packets."""
    errors = 0
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            errors += 1
            if errors > ERRORS_TOLERATED:
                return


class _Loudness:
    """The peaks of a sound, 50 a second."""

    def __init__(self) -> None:
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=WAVEFORM_RATE, frame_size=BLOCK_SAMPLES)
        self._peaks = array.array("H")

    def add(self, frame: Any) -> None:
        for block in self._resampler.resample(frame):
            samples = array.array("h", bytes(block.planes[0])[: block.samples * 2])
            self._peaks.append(min(max(max(samples), -min(samples)), 32_767))

    def points(self) -> list[int]:
        """64 values from 0 to 100, the loudest one 100; all 0 for silence."""
        count, loudest = len(self._peaks), max(self._peaks, default=0)
        if not loudest:
            return [0] * WAVEFORM_POINTS
        points = []
        for index in range(WAVEFORM_POINTS):
            start = index * count // WAVEFORM_POINTS
            part = self._peaks[start : max(start + 1, (index + 1) * count // WAVEFORM_POINTS)]
            mean = math.sqrt(sum(peak * peak for peak in part) / len(part)) if part else 0
            points.append(round(100 * mean / loudest))
        return points


class _Copy:
    """The same sound as AAC in an .m4a file."""

    def __init__(self, path: Path, stream: Any) -> None:
        # Not every player takes AAC at the 8 kHz of AMR.
        rate = 48_000 if stream.codec_context.sample_rate > 24_000 else 24_000
        layout = "mono" if stream.codec_context.channels == 1 else "stereo"
        self._container = av.open(str(path), "w", format="ipod", options={"movflags": "faststart"})
        self._stream: Any = self._container.add_stream("aac", rate=rate, layout=layout, bit_rate=COPY_BIT_RATE)
        size = self._stream.codec_context.frame_size or 1024
        self._resampler = av.AudioResampler(
            format=self._stream.codec_context.format, layout=layout, rate=rate, frame_size=size
        )

    def add(self, frame: Any) -> None:
        for resampled in self._resampler.resample(frame):
            self._container.mux(self._stream.encode(resampled))

    def close(self) -> None:
        self.add(None)
        self._container.mux(self._stream.encode(None))
        self._container.close()
