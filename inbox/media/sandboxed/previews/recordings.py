"""Films and sounds: a poster, how long it plays, how loud it is when, and a copy that every browser plays."""

from __future__ import annotations

import array
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import av.subtitles.stream  # it imports this itself when it opens a file, which is after the lock
from PIL import Image

from inbox.media.sandboxed.previews import THUMBNAIL_PIXELS, ImpossibleError
from inbox.media.sandboxed.previews.pictures import check_pixels, save_thumbnail

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
    "audio/aiff": "aiff",
    "audio/basic": "au",
    "audio/gsm": "gsm",
    "audio/x-caf": "caf",
    "audio/x-ms-wma": "asf",
    "video/ogg": "ogg",
    "video/x-ms-wmv": "asf",
}
#: The decoders that are started, whatever else FFmpeg has; whether a file is drawn or converted.
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
ERRORS_TOLERATED = 20


def draw(source: Path, target: Path, content_type: str) -> dict[str, Any]:
    """Draw what there is: a poster of a film, the loudness of a sound. A film without pictures is a sound.

    ``plays`` says whether every browser plays the file, or else its copy.
    """
    with opened(source, content_type) as container:
        seconds = played_seconds(container)
    with opened(source, content_type) as container:
        pictures = pictures_of(container)
        if pictures is not None and content_type.startswith("video/"):
            film = _film(container, pictures, target, content_type)
            # What phones call a GIF: it may move by itself in the page.
            loops = not container.streams.audio and (seconds or LOOP_SECONDS) < LOOP_SECONDS
            return film | {"duration": seconds, "animated": loops}
        if not container.streams.audio:
            raise ImpossibleError("There is nothing to see or hear in this file.")
        return _sound(container, target, content_type, seconds)


@contextmanager
def opened(source: Path, content_type: str) -> Iterator[Any]:
    """The container in ``source``: a file object and no protocol, so that what the file refers to cannot be opened."""
    with (
        source.open("rb") as file,
        av.open(file, format=DEMUXERS[content_type], options={"protocol_whitelist": "none"}) as container,
    ):
        yield container


def pictures_of(container: Any) -> Any | None:
    """The first film in the container, if there is one; cover pictures are none."""
    return next((stream for stream in container.streams.video if not stream.disposition & ATTACHED_PICTURE), None)


ATTACHED_PICTURE = av.stream.Disposition.attached_pic


def _film(container: Any, stream: Any, target: Path, content_type: str) -> dict[str, Any]:
    stream.codec_context.thread_count = 1
    result: dict[str, Any] = {}
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
    result["width"], result["height"] = shape[::-1] if turn in (90, 270) else shape
    result["plays"] = content_type == PLAYED_FILM and _plays(stream, container.streams.audio)
    return result


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
        raise ImpossibleError("This recording is in a format that has no preview.")
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
        raise ImpossibleError("There is nothing to hear in this file.")
    # Counted, because a header may lie and an MP3 without one only lets FFmpeg guess.
    found = {"duration": round(seconds, 3), "waveform": loudness.points(), "plays": True}
    return found | {"copy": "audio/mp4"} if writer is not None else found


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


def played_seconds(container: Any) -> float | None:
    """How long the first film and the first sound play, told from their packets and not from headers, where chapters,
    cover pictures and mistakes stand too. Reads the container to its end; None when nothing tells."""
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
