"""Films and sounds: a poster, how long it plays, how loud it is when, and a copy that every browser plays."""

from __future__ import annotations

import array
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import av.subtitles.stream  # it imports this itself when it opens a file, which is after the lock
from PIL import Image

from inbox.drawing import THUMBNAIL_PIXELS, ImpossibleError
from inbox.drawing.pictures import check_pixels, save_thumbnail

#: The one demuxer for each type: FFmpeg's own guess would also try playlists, which name other files and hosts.
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
}
VIDEO_CODECS = frozenset({"h264", "hevc", "h263", "mpeg4", "vp8", "vp9", "av1", "mjpeg"})
AUDIO_CODECS = frozenset({"aac", "mp3", "opus", "vorbis", "amr_nb", "amr_wb", "flac", "pcm_s16le", "pcm_u8"})
#: Sounds that not every browser plays: Safari has no Ogg before 18.4, nobody has AMR, few have Matroska.
NEEDS_COPY = frozenset({"audio/ogg", "audio/amr", "audio/amr-wb", "audio/webm", "audio/x-matroska"})
#: Longer recordings get their duration and nothing that needs all of them to be decoded.
MAX_DECODED_SECONDS = 20 * 60
#: Shorter films without sound are shown as animations.
LOOP_SECONDS = 20
WAVEFORM_POINTS = 64
WAVEFORM_RATE = 8000
#: One loudness value for each 20 ms, of which the points are made.
BLOCK_SAMPLES = WAVEFORM_RATE // 50
COPY_BIT_RATE = 64_000
ERRORS_TOLERATED = 20


def draw(source: Path, target: Path, content_type: str) -> dict[str, Any]:
    """Draw what there is: a poster of a film, the loudness of a sound. A film without pictures is a sound."""
    with (
        source.open("rb") as file,
        # A file object and no protocol: whatever the file refers to cannot be opened.
        av.open(file, format=DEMUXERS[content_type], options={"protocol_whitelist": "none"}) as container,
    ):
        pictures = [stream for stream in container.streams.video if not stream.disposition & ATTACHED_PICTURE]
        if pictures and content_type.startswith("video/"):
            return _film(container, pictures[0], target)
        if not container.streams.audio:
            raise ImpossibleError("There is nothing to see or hear in this file.")
        return _sound(container, target, copy=content_type in NEEDS_COPY)


ATTACHED_PICTURE = av.stream.Disposition.attached_pic


def _film(container: Any, stream: Any, target: Path) -> dict[str, Any]:
    stream.codec_context.thread_count = 1
    result: dict[str, Any] = {"duration": _duration(container, stream)}
    if stream.codec_context.codec.canonical_name not in VIDEO_CODECS:
        raise ImpossibleError("This film is in a format that has no preview.")
    check_pixels(stream.codec_context.width, stream.codec_context.height)
    frame = next(_frames(container, stream), None)
    if frame is None:
        raise ImpossibleError("This film is damaged, so it has no preview.")
    check_pixels(frame.width, frame.height)
    ratio = float(stream.sample_aspect_ratio or 1) or 1.0
    shape = (max(1, round(frame.width * ratio)), frame.height) if 0.1 < ratio < 10 else (frame.width, frame.height)
    scale = min(1.0, THUMBNAIL_PIXELS / max(shape))
    small = frame.reformat(max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale)), "rgb24").to_image()
    turn = round(frame.rotation / 90) * 90 % 360  # counterclockwise, as Pillow turns
    turns = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}
    result["thumbnail"] = save_thumbnail(small, target, turns.get(turn))
    # What phones call a GIF: it may move by itself in the page.
    result["animated"] = not container.streams.audio and (result["duration"] or LOOP_SECONDS) < LOOP_SECONDS
    result["width"], result["height"] = shape[::-1] if turn in (90, 270) else shape
    return result


def _sound(container: Any, target: Path, *, copy: bool) -> dict[str, Any]:
    stream = container.streams.audio[0]
    stream.codec_context.thread_count = 1
    duration = _duration(container, stream)
    if stream.codec_context.codec.canonical_name not in AUDIO_CODECS:
        raise ImpossibleError("This sound is in a format that has no preview.")
    if duration is not None and duration > MAX_DECODED_SECONDS:
        return {"duration": duration}
    loudness = _Loudness()
    writer = _Copy(target / "playable.m4a", stream) if copy else None
    seconds = 0.0
    for frame in _frames(container, stream):
        seconds += frame.samples / frame.sample_rate
        if seconds > MAX_DECODED_SECONDS:
            return {"duration": duration}
        frame.pts = None
        loudness.add(frame)
        if writer is not None:
            writer.add(frame)
    if writer is not None:
        writer.close()
    if not seconds:
        raise ImpossibleError("There is nothing to hear in this file.")
    # Counted, because a header may lie and an MP3 without one only lets FFmpeg guess.
    return {"duration": round(seconds, 3), "waveform": loudness.points(), "playable": writer is not None}


def _frames(container: Any, stream: Any) -> Iterator[Any]:
    """The decoded frames; single damaged packets are left out, as players do."""
    errors = 0
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            errors += 1
            if errors > ERRORS_TOLERATED:
                return


def _duration(container: Any, stream: Any) -> float | None:
    if container.duration is not None:
        seconds = container.duration / av.time_base
    elif stream.duration is not None and stream.time_base is not None:
        seconds = float(stream.duration * stream.time_base)
    else:
        return None
    return round(seconds, 3) if 0 < seconds < 10_000_000 else None


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
