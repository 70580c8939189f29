"""Reading and writing films and sounds: one demuxer for each type, decoders from a list, and AAC or Opus out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from core.sandbox import RefusalError
from inbox.media.sandboxed import gettext_noop, recording_files
from inbox.media.sandboxed.recording_files import DEMUXERS, ERRORS_TOLERATED, played_seconds

#: The child refuses before its alarm ends it without a result.
SECONDS_ALLOWED = 9 * 60
#: Longer recordings never fit: an hour of AAC at the lowest sensible rate is 16 MB.
LONGEST_SECONDS = 6 * 3600
TOO_SLOW = gettext_noop("Converting this file takes too long.")
DAMAGED = gettext_noop("This file is damaged, so it can’t be sent.")
NO_RECORDING = gettext_noop("This file is not a recording that can be converted.")
UNKNOWN_FORMAT = gettext_noop("This recording is in a format that can’t be converted.")
SILENT = gettext_noop("There is nothing to hear in this file.")
TOO_LONG = gettext_noop("This recording is too long for WhatsApp.")
STARTED = time.monotonic()


@contextmanager
def opened(source: Path, content_type: str) -> Iterator[Any]:
    """The container in ``source``, read by the demuxer for its type. Raises RefusalError when there is none in it."""
    if content_type not in DEMUXERS:
        raise RefusalError(NO_RECORDING)
    with ExitStack() as stack:
        try:
            container = stack.enter_context(recording_files.opened(source, content_type))
        except (av.error.InvalidDataError, av.error.EOFError):
            raise RefusalError(DAMAGED, broken=True) from None
        yield container


def codec_of(stream: Any, allowed: frozenset[str]) -> str:
    """The stream's codec; raises RefusalError for one that is not on the list of decoders we start."""
    name = stream.codec_context.codec.canonical_name if stream.codec_context is not None else ""
    if name not in allowed:
        raise RefusalError(UNKNOWN_FORMAT)
    stream.codec_context.thread_count = 2
    return name


def decoded(container: Any, *streams: Any) -> Iterator[tuple[Any, Any]]:
    """Each decoded frame with its stream; single damaged packets are left out, as players do.

    Raises RefusalError when the time for a conversion is used up, or when more than a few packets are damaged and
    nothing was decoded before.
    """
    errors = frames = 0
    for packet in container.demux(*streams):
        if time.monotonic() - STARTED > SECONDS_ALLOWED:
            raise RefusalError(TOO_SLOW)
        try:
            for frame in packet.decode():
                frames += 1
                yield packet.stream, frame
        except (av.error.InvalidDataError, av.error.EOFError):
            errors += 1
            if errors > ERRORS_TOLERATED and not frames:
                raise RefusalError(DAMAGED, broken=True) from None


def seconds_of(source: Path, content_type: str) -> float | None:
    """How long the recording plays, in seconds; None when its packets do not tell."""
    with opened(source, content_type) as container:
        return played_seconds(container)


class Progress:
    """Ends a conversion early when it would not end in time."""

    SURE_AFTER_SECONDS = 30

    def __init__(self, total: int) -> None:
        self._total, self._done, self._began = total, 0, time.monotonic()

    def step(self) -> None:
        """One more is done. Raises RefusalError when the rest, at this pace, takes longer than there is time."""
        self._done += 1
        now = time.monotonic()
        ahead = (now - self._began) / self._done * (self._total - self._done)
        if now - self._began > self.SURE_AFTER_SECONDS and now - STARTED + ahead > SECONDS_ALLOWED:
            raise RefusalError(TOO_SLOW)


class Sound:
    """An encoder of sound: gaps become silence, so that it stays with the pictures it belongs to."""

    def __init__(self, out: Any, codec: str, *, layout: str, rate: int, bit_rate: int, start: Fraction | None) -> None:
        self._out = out
        options = {"application": "voip", "vbr": "on"} if codec == "libopus" else {}
        self._stream = out.add_stream(codec, rate=rate, layout=layout, bit_rate=bit_rate, options=options)
        self._layout, self._rate, self._start = layout, rate, start
        self._graph: Any = None
        self.seconds = 0.0

    def add(self, frame: Any) -> None:
        """Encode a decoded frame."""
        if self._graph is None:
            self._graph = self._filters(frame)
        if frame.pts is not None and self._start is not None and frame.time_base is not None:
            frame.pts -= round(self._start / frame.time_base)
        self._graph.push(frame)
        self._pull()

    def close(self) -> None:
        """Encode what is left. Raises RefusalError when there was nothing at all."""
        if self._graph is None:
            raise RefusalError(SILENT)
        self._graph.push(None)
        self._pull()
        self._out.mux(self._stream.encode(None))

    def _filters(self, frame: Any) -> Any:
        graph = av.filter.Graph()
        context = self._stream.codec_context
        source = graph.add_abuffer(
            sample_rate=frame.sample_rate,
            format=frame.format.name,
            layout=frame.layout.name,
            time_base=frame.time_base or Fraction(1, frame.sample_rate),
        )
        steps = [
            source,
            graph.add("aresample", f"{self._rate}:async=1:first_pts=0"),
            graph.add(
                "aformat",
                f"sample_fmts={context.format.name}:sample_rates={self._rate}:channel_layouts={self._layout}",
            ),
            graph.add("asetnsamples", f"n={context.frame_size or 1024}:p=0"),
            graph.add("abuffersink"),
        ]
        graph.link_nodes(*steps).configure()
        return graph

    def _pull(self) -> None:
        while True:
            try:
                frame = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            self.seconds += frame.samples / frame.sample_rate
            if self.seconds > LONGEST_SECONDS:
                raise RefusalError(TOO_LONG)
            self._out.mux(self._stream.encode(frame))
