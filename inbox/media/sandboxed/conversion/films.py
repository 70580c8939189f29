"""Films as MP4 that WhatsApp takes: H.264 without B-frames and one AAC track, the directory first, 16 MB at most."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from core.sandbox import RefusalError
from inbox.media.sandboxed import gettext_noop
from inbox.media.sandboxed.conversion import CONVERTED, DETAILS_REMOVED, LOCATION_REMOVED, Outcome
from inbox.media.sandboxed.conversion.frames import MOST_FRAME_PIXELS, MOST_RATE, TOO_MANY_PIXELS, Pictures, fitted
from inbox.media.sandboxed.conversion.mp4_boxes import Boxes, inspect
from inbox.media.sandboxed.conversion.streams import (
    DAMAGED,
    Progress,
    Sound,
    codec_of,
    decoded,
    opened,
    seconds_of,
)
from inbox.media.sandboxed.recording_files import AUDIO_CODECS, VIDEO_CODECS, pictures_of, shown_size
from whatsapp.events import Kind
from whatsapp.file_sizes import BYTES

MP4_OPTIONS = {"movflags": "faststart", "fflags": "bitexact"}
NAME = "converted.mp4"
PROFILES = frozenset({"Constrained Baseline", "Baseline", "Main", "High"})
#: What a film gets of the 16 MB; the rest is for the container and the encoder's inaccuracy.
SHARE = 0.93
SOUND_BITS = 96_000
MOST_BITS = 1_000_000_000
BEST_BITS = 6_000_000
#: From how many bits a second on a film is watchable at which length of its longer side; below the last it is not.
WATCHABLE = ((1_200_000, 1280), (600_000, 854), (220_000, 640))
TOO_LONG = gettext_noop("This video is too long to fit WhatsApp’s 16 MB at a watchable quality.")
SMALLER = gettext_noop("Made smaller to fit WhatsApp’s 16 MB")
REARRANGED = gettext_noop("Rearranged to play while it loads")
SOUND_CONVERTED = gettext_noop("Sound converted to AAC")
PICTURES_CONVERTED = gettext_noop("Converted to H.264, which every phone plays")
ONE_SOUND = gettext_noop("Only the first sound track is sent")
NO_PICTURES = gettext_noop("There are no moving pictures in this file. Send it as a sound.")
NAMES = {
    "video/quicktime": "MOV",
    "video/webm": "WebM",
    "video/x-matroska": "MKV",
    "video/x-msvideo": "AVI",
    "video/3gpp": "3GP",
    "video/ogg": "OGV",
    "video/x-ms-wmv": "WMV",
}


@dataclass
class Scan:
    """What a film's packets add up to; headers are often wrong."""

    packets: int = 0
    film_bytes: int = 0
    sound_bytes: int = 0
    seconds: float = 0.0
    #: Of the pictures alone.
    film_seconds: float = 0.0
    reordered: bool = False


def convert(source: Path, target: Path, content_type: str) -> Outcome:
    """The film as WhatsApp takes it: unchanged, or its streams in a new file, or encoded anew."""
    scan = _scan(source, content_type)
    width, height = _shown_size(source, content_type)
    with opened(source, content_type) as container:
        film, sound = _streams(container)
        outcome = Outcome(content_type, "", [], width, height, scan.seconds)
        film_stays = _film_stays(film, scan)
        sound_stays = sound is None or _sound_stays(sound)
        boxes = inspect(source) if content_type in ("video/mp4", "video/3gpp") else None
        fits = scan.film_bytes + scan.sound_bytes < BYTES[Kind.VIDEO] * 0.98
        alone = len(container.streams) == 1 + (sound is not None)
        tidy = alone and boxes is not None and boxes.in_order and not boxes.hidden
        if film_stays and sound_stays and tidy and source.stat().st_size <= BYTES[Kind.VIDEO]:
            return outcome
        outcome.content_type, outcome.file = "video/mp4", NAME
        outcome.changes = _changes(container, content_type, boxes)
        if film_stays and fits:
            _copy(container, film, sound, target / NAME, sound_stays=sound_stays)
            if (target / NAME).stat().st_size <= BYTES[Kind.VIDEO]:
                if boxes is not None and not boxes.in_order:
                    outcome.changes.append(REARRANGED)
                if not sound_stays:
                    outcome.changes.append(SOUND_CONVERTED)
                return outcome
    outcome.width, outcome.height = _encode_to_fit(source, target / NAME, content_type, scan, (width, height))
    if not fits:
        outcome.changes.append(SMALLER)
    elif content_type in ("video/mp4", "video/3gpp"):
        outcome.changes.append(PICTURES_CONVERTED)
    return outcome


def _scan(source: Path, content_type: str) -> Scan:
    scan = Scan()
    first, last, latest, heard = None, 0.0, None, 0.0
    with opened(source, content_type) as container:
        film, sound = _streams(container)
        for packet in container.demux(film, *([sound] if sound is not None else [])):
            if packet.stream is sound:
                scan.sound_bytes += packet.size
                if packet.pts is not None and packet.time_base is not None:
                    heard = max(heard, float((packet.pts + (packet.duration or 0)) * packet.time_base))
            elif packet.size:
                scan.packets += 1
                scan.film_bytes += packet.size
                if packet.pts is not None and packet.time_base is not None:
                    scan.reordered |= latest is not None and packet.pts < latest
                    latest = packet.pts if latest is None else max(latest, packet.pts)
                    seconds = float(packet.pts * packet.time_base)
                    first = seconds if first is None else min(first, seconds)
                    last = max(last, seconds + float((packet.duration or 0) * packet.time_base))
        if not scan.packets:
            raise RefusalError(DAMAGED, broken=True)
        scan.film_seconds = round(last - (first or 0), 3) or seconds_of(source, content_type) or 0.0
        scan.seconds = max(scan.film_seconds, round(heard - (first or 0), 3))
    if not 0 <= scan.seconds < 10_000_000:
        raise RefusalError(DAMAGED, broken=True)
    return scan


def _streams(container: Any) -> tuple[Any, Any | None]:
    film = pictures_of(container)
    if film is None:
        raise RefusalError(NO_PICTURES)
    codec_of(film, VIDEO_CODECS)
    if film.codec_context.width * film.codec_context.height > MOST_FRAME_PIXELS:
        raise RefusalError(TOO_MANY_PIXELS)
    sound = container.streams.audio[0] if container.streams.audio else None
    if sound is not None:
        codec_of(sound, AUDIO_CODECS)
    return film, sound


def _film_stays(film: Any, scan: Scan) -> bool:
    """Whether the pictures go as they are. Meta: the High profile with B-frames does not play on Android."""
    context = film.codec_context
    return (
        context.codec.canonical_name == "h264"
        and context.profile in PROFILES
        and context.pix_fmt in ("yuv420p", "yuvj420p")
        and not (context.profile == "High" and scan.reordered)
    )


def _sound_stays(sound: Any) -> bool:
    context = sound.codec_context
    return bool(context.codec.canonical_name == "aac" and 1 <= context.channels <= 2)


def _shown_size(source: Path, content_type: str) -> tuple[int, int]:
    """The width and height of the first picture as it is shown; raises RefusalError when there is none."""
    with opened(source, content_type) as container:
        film, _ = _streams(container)
        _, frame = next(decoded(container, film), (None, None))
        if frame is None:
            raise RefusalError(DAMAGED, broken=True)
        return shown_size(frame, film)


def _changes(container: Any, content_type: str, boxes: Boxes | None) -> list[str]:
    changes = []
    if content_type not in ("video/mp4", "video/3gpp"):
        changes.append(CONVERTED % {"old": NAMES.get(content_type, content_type), "new": "MP4"})
    if len(container.streams.audio) > 1:
        changes.append(ONE_SOUND)
    tags = " ".join(key.lower() for stream in (container, *container.streams) for key in stream.metadata)
    if "location" in tags or (boxes is not None and boxes.located):
        changes.append(LOCATION_REMOVED)
    elif "apple" in tags or "android" in tags or (boxes is not None and boxes.hidden):
        changes.append(DETAILS_REMOVED)
    return changes


def _copy(container: Any, film: Any, sound: Any | None, path: Path, *, sound_stays: bool) -> None:
    """The same pictures in a new file, with the same sound or as AAC."""
    start = Fraction(container.start_time or 0, av.time_base)
    with av.open(str(path), "w", format="mp4", options=MP4_OPTIONS) as out:
        copies = {film: out.add_stream_from_template(film)}
        encoder = None
        if sound is not None and sound_stays:
            copies[sound] = out.add_stream_from_template(sound)
        elif sound is not None:
            encoder = _sound_encoder(out, sound, start)
        for packet in container.demux(*([film] if sound is None else [film, sound])):
            stream = packet.stream
            if stream in copies:
                if packet.dts is not None and not packet.is_corrupt:
                    packet.stream = copies[stream]
                    out.mux(packet)
            elif encoder is not None:
                for frame in _forgiving(packet):
                    encoder.add(frame)
        if encoder is not None:
            encoder.close()


def _forgiving(packet: Any) -> list[Any]:
    try:
        return list(packet.decode())
    except (av.error.InvalidDataError, av.error.EOFError):
        return []


def _sound_encoder(out: Any, sound: Any, start: Fraction) -> Sound:
    rate = 44_100 if sound.codec_context.sample_rate == 44_100 else 48_000
    layout = "mono" if sound.codec_context.channels == 1 else "stereo"
    return Sound(out, "aac", layout=layout, rate=rate, bit_rate=SOUND_BITS, start=start)


def _encode_to_fit(source: Path, path: Path, content_type: str, scan: Scan, shown: tuple[int, int]) -> tuple[int, int]:
    """Encode the film so that it fits, in the best quality that does; gives the size it has then."""
    bits, had = BEST_BITS, 0.0
    if scan.seconds:
        for_all = BYTES[Kind.VIDEO] * 8 * SHARE / scan.seconds
        bits = min(bits, int(for_all - (SOUND_BITS * 1.05 if scan.sound_bytes else 0)))
        had = scan.film_bytes * 8 / scan.seconds
    # A quiet film, a screen recording say, is watchable with as little as it had.
    side = next((side for least, side in WATCHABLE if bits >= least), WATCHABLE[-1][1] if 0 < had * 0.8 <= bits else 0)
    if not side:
        raise RefusalError(TOO_LONG)
    size = fitted(*shown, side)
    for _ in range(2):
        with opened(source, content_type) as container:
            _encode(container, path, scan, bits=bits, size=size)
        if path.stat().st_size <= BYTES[Kind.VIDEO]:
            return size
        bits = int(bits * 0.8)
    raise RefusalError(TOO_LONG)


def _encode(container: Any, path: Path, scan: Scan, *, bits: int, size: tuple[int, int]) -> None:
    film, sound = _streams(container)
    start = Fraction(container.start_time or 0, av.time_base)
    # The encoder counts pictures, not seconds: where they are rarer, each may have more bits.
    rarity = max(1.0, MOST_RATE * scan.film_seconds / scan.packets)
    progress = Progress(scan.packets)
    with av.open(str(path), "w", format="mp4", options=MP4_OPTIONS) as out:
        pictures = Pictures(out, film, bits=int(min(bits * rarity, MOST_BITS)), size=size, start=start)
        encoder = None if sound is None else _sound_encoder(out, sound, start)
        for stream, frame in decoded(container, *([film] if sound is None else [film, sound])):
            if stream is film:
                progress.step()
                pictures.add(frame)
            elif encoder is not None:
                encoder.add(frame)
        pictures.close()
        if encoder is not None:
            encoder.close()
