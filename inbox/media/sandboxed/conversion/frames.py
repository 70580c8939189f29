"""Moving pictures as H.264: upright, square pixels, 8 bits, no more than 30 a second."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av

from core.sandbox import RefusalError
from inbox.media.sandboxed import gettext_noop
from inbox.media.sandboxed.recording_files import turn_of

#: 8K and what screens record.
MOST_FRAME_PIXELS = 36_000_000
DAMAGED = gettext_noop("This video is damaged, so it can’t be sent.")
TOO_MANY_PIXELS = gettext_noop("This video has too many pixels to be converted.")
#: ITU-T H.273 transfer characteristics of high dynamic range.
PQ, HLG = 16, 18
#: ITU-T H.273 matrix coefficients with a name: BT.709, BT.470BG, SMPTE 170M, SMPTE 240M, BT.2020.
NAMED_MATRICES = (1, 5, 6, 7, 9, 10)
BT709 = 1
LIMITED_RANGE = 1
MOST_RATE = 30
#: Main profile without B-frames: the most that Meta's reference promises to play on every phone.
X264_OPTIONS = {"preset": "veryfast", "profile": "main", "bf": "0", "crf": "23"}


def fitted(width: float, height: float, side: int) -> tuple[int, int]:
    """The even size, at most ``side`` long, nearest to the shape; H.264 at 4:2:0 has no odd ones."""
    scale = min(1.0, side / max(width, height, 1))
    return max(16, round(width * scale / 2) * 2), max(16, round(height * scale / 2) * 2)


class Pictures:
    """An encoder of moving pictures, all of them brought to one size."""

    def __init__(self, out: Any, film: Any, *, bits: int, size: tuple[int, int], start: Fraction) -> None:
        self._out, self._size, self._start = out, size, start
        self._stream = add_h264(out, rate=MOST_RATE, bits=bits)
        self._stream.width, self._stream.height = size
        # Players guess the colours of a film that names none from its size; a named one is not left to guesses.
        self._colours_named = film.codec_context.colorspace in NAMED_MATRICES
        if self._colours_named:
            context = self._stream.codec_context
            context.colorspace = context.color_primaries = context.color_trc = BT709
            context.color_range = LIMITED_RANGE
        self._graph: Any = None
        self._shape: Any = None
        self._last = -1

    def add(self, frame: Any) -> None:
        """Encode a decoded frame; one that comes too soon after the one before is left out."""
        number = self._last + 1
        if frame.pts is not None and frame.time_base is not None:
            number = max(0, round((frame.pts * frame.time_base - self._start) * MOST_RATE))
        if number <= self._last:
            return
        shape = (frame.width, frame.height, frame.format.name, turn_of(frame))
        if shape != self._shape:
            self._graph, self._shape = self._filters(frame, shape[3]), shape
        self._graph.push(frame)
        picture = self._graph.pull()
        picture.pts, picture.time_base = number, Fraction(1, MOST_RATE)
        picture.pict_type = 0
        self._last = number
        self._out.mux(self._stream.encode(picture))

    def close(self) -> None:
        """Encode what is left. Raises RefusalError when there was nothing at all."""
        if self._graph is None:
            raise RefusalError(DAMAGED, broken=True)
        self._out.mux(self._stream.encode(None))

    def _filters(self, frame: Any, turn: int) -> Any:
        if frame.width * frame.height > MOST_FRAME_PIXELS:
            raise RefusalError(TOO_MANY_PIXELS)
        width, height = self._size[::-1] if turn in (90, 270) else self._size
        graph = av.filter.Graph()
        steps = [
            graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base),
            graph.add("scale", f"{width}:{height}:out_range=tv"),
            *(graph.add(name, arguments) for name, arguments in self._to_bt709(frame)),
            # Turned after it was made smaller. ``turn`` is counterclockwise.
            *(graph.add("transpose", direction) for direction in {90: "2", 180: "11", 270: "1"}.get(turn, "")[:2]),
            graph.add("setsar", "1"),
            graph.add("format", "yuv420p"),
            graph.add("buffersink"),
        ]
        graph.link_nodes(*steps).configure()
        return graph

    def _to_bt709(self, frame: Any) -> list[tuple[str, str]]:
        """The filters that bring named colours to BT.709, the one space that every phone shows right."""
        if not self._colours_named:
            return []
        if frame.color_trc == HLG:
            # HLG was made to look right on screens that know nothing of it (ITU-R BT.2100): only the colours are
            # moved. Moving the brightness too takes a hundred times as long, and this is what iPhones record.
            source = "iprimaries=bt2020:itrc=bt2020-10:ispace=bt2020ncl:irange=tv"
            return [("format", "yuv420p10"), ("colorspace", f"all=bt709:{source}:format=yuv420p")]
        if frame.color_trc == PQ:
            return [("scale", "out_color_matrix=bt709:out_primaries=bt709:out_transfer=bt709")]
        return [("scale", "out_color_matrix=bt709")]


def add_h264(out: Any, *, rate: int | Fraction, bits: int) -> Any:
    """A stream of ``out`` that every phone plays, never more than so many bits in ``rate`` pictures."""
    options = X264_OPTIONS | {"maxrate": str(bits), "bufsize": str(bits)}
    stream = out.add_stream("libx264", rate=rate, options=options)
    stream.pix_fmt = "yuv420p"
    stream.codec_context.thread_count = 2
    return stream
