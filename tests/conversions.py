"""Files to convert, the step that converts them, and what is in the files that come out."""

from __future__ import annotations

import io
import struct
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from inbox.media import conversion, inspection
from inbox.media.conversion import Converted
from tests import samples
from tests.kept import kept
from whatsapp.events import Kind

#: H.264 as Meta's reference wants it.
PLAIN_H264 = {"profile": "main", "bf": "0"}
LISBON = "+38.7083-009.1366/"


@dataclass
class Desk:
    """Where a test's files lie and are converted."""

    directory: Path

    def convert(self, content: bytes, kind: Kind, *, voice: bool = False, content_type: str = "") -> Converted:
        """Convert a file with these bytes as the product does, its type told from the bytes."""
        source = self.directory / "source"
        source.write_bytes(content)
        found = content_type or inspection.inspect(io.BytesIO(content)).file_type.content_type
        converted = conversion.convert(source, found, kind, self.directory, voice=voice)
        assert source.read_bytes() == content
        if converted.path is None:
            assert list(self.directory.iterdir()) == [source], "nothing is left behind"
        else:
            made = converted.path.read_bytes()
            assert inspection.inspect(io.BytesIO(made)).file_type == (converted.content_type, converted.extension)
        return converted

    def made(self, content: bytes, kind: Kind, *, voice: bool = False) -> tuple[Converted, bytes]:
        """The same, for a file of which a new one must come."""
        converted = self.convert(content, kind, voice=voice)
        assert converted.path is not None, converted
        return converted, converted.path.read_bytes()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    directory = tmp_path / "desk"
    directory.mkdir()
    return Desk(directory)


@pytest.fixture
def content(request: pytest.FixtureRequest) -> bytes:
    """The file that a test's parameter makes: only now, because encoding takes longer than collecting tests may."""
    made: bytes = request.param()
    return made


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


@kept
def heic(size: tuple[int, int] = (320, 200), **options: Any) -> bytes:
    """A photo as an iPhone stores it."""
    import pillow_heif

    file = io.BytesIO()
    pillow_heif.from_pillow(opened(samples.picture("PNG", size))).save(file, **options)
    return file.getvalue()


def whole_exif(**more: Any) -> bytes:
    """EXIF with a camera, a place and an orientation."""
    exif = Image.Exif()
    exif[0x010F] = "Camera of Ada"
    exif[0x0112] = more.get("orientation", 1)
    exif.get_ifd(0x8825)[samples.GPS_LATITUDE_TAG] = (38.0, 42.0, 30.0)
    return exif.tobytes()


def noise(size: tuple[int, int], *, alpha: bool = False) -> Image.Image:
    """A picture that packs badly, the same each time."""
    image = Image.effect_noise(size, 120)
    channels = [image, image.transpose(Image.Transpose.ROTATE_180), image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    if alpha:
        return Image.merge("RGBA", [*channels, image.point(lambda value: 0 if value < 128 else 255)])
    return Image.merge("RGB", channels)


@kept
def film(
    format: str = "mp4",
    codec: str = "libx264",
    *,
    size: tuple[int, int] = (320, 240),
    frames: int = 20,
    rate: int | str = 10,
    pixels: str = "yuv420p",
    options: dict[str, str] | None = None,
    muxer: dict[str, str] | None = None,
    sounds: tuple[tuple[str, str], ...] | None = None,
    metadata: dict[str, str] | None = None,
    marked: bool = False,
    sound_starts: float = 0,
) -> bytes:
    """A film from red to green with a tone in each of the sound tracks; ``marked``: white in the top left corner.
    ``sound_starts``: the tone begins after so many seconds, or plays on for as long when it is negative."""
    with tempfile.NamedTemporaryFile() as file:  # a path, because moving the directory first reads what was written
        with av.open(file.name, "w", format=format, options=muxer or {}) as container:
            container.metadata.update(metadata or {})
            rate = Fraction(rate)
            if sounds is None:
                sounds = (("libopus" if format == "webm" else "aac", "mono"),)
            stream: Any = container.add_stream(codec, rate=rate, options=PLAIN_H264 if options is None else options)
            stream.width, stream.height, stream.pix_fmt = *size, pixels
            tracks = [container.add_stream(name, rate=48_000, layout=layout) for name, layout in sounds]
            for index in range(frames):
                part = index / frames
                image = Image.new("RGB", size, (int(255 * (1 - part)), int(255 * part), 0))
                if marked:
                    image.paste("white", (0, 0, 80, 60))
                container.mux(stream.encode(av.VideoFrame.from_image(image)))
            container.mux(stream.encode(None))
            for track in tracks:
                samples.encode_tone(
                    container, track, float(frames / rate) - sound_starts, 48_000, starts=max(0, sound_starts)
                )
        return Path(file.name).read_bytes()


@kept
def noisy_film(*, frames: int, rate: int | str) -> bytes:
    """A film of more than 16 MB that is quickly made: the same few pictures of noise, each for itself."""
    images = [av.VideoFrame.from_image(noise((640, 480)).rotate(90 * turn)) for turn in range(2)]
    file = io.BytesIO()
    with av.open(file, "w", format="avi") as container:
        stream: Any = container.add_stream("mjpeg", rate=Fraction(rate), options={"qmin": "1", "qmax": "1"})
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuvj420p"
        for index in range(frames):
            frame = images[index % 2]
            frame.pts, frame.time_base = index, 1 / Fraction(rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


@kept
def tone(
    format: str,
    codec: str,
    *,
    layout: str = "mono",
    muxer: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
    jump: int = 0,
) -> bytes:
    """Two seconds of a tone; ``jump``: that many seconds of nothing in the middle."""
    file = io.BytesIO()
    with av.open(file, "w", format=format, options=muxer or {}) as container:
        container.metadata.update(metadata or {})
        stream = container.add_stream(codec, rate=48_000, layout=layout)
        samples.encode_tone(container, stream, 2, 48_000, jump=jump)
    return file.getvalue()


@kept
def fragmented_voice(muxer: dict[str, str], seconds: float = 1) -> bytes:
    """A voice as Safari records it: MP4 in fragments, its track list first."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4", options=muxer) as container:
        stream = container.add_stream("aac", rate=48_000, layout="mono")
        samples.encode_tone(container, stream, seconds, 48_000)
    return file.getvalue()


def boxes(content: bytes) -> list[bytes]:
    """The kinds of the top-level boxes of an MP4 file, in order."""
    kinds, at = [], 0
    while at + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        kinds.append(kind)
        if length == 1:
            length = int.from_bytes(content[at + 8 : at + 16], "big")
        at += length or len(content)
    return kinds


@dataclass
class Recording:
    """What a player finds in a film or a sound: everything decoded."""

    codecs: list[str]
    profile: str
    pixels: str
    size: tuple[int, int]
    rotations: set[float]
    reordered: bool
    channels: list[int]
    rates: list[int]
    frames: int
    seconds: float
    heard: float
    loudest: int
    tags: dict[str, str]


def played(content: bytes) -> Recording:
    """Decode all of a film or a sound."""
    with av.open(io.BytesIO(content)) as container:
        film = container.streams.video[0] if container.streams.video else None
        tags = {key: value for stream in (container, *container.streams) for key, value in stream.metadata.items()}
        found = Recording(
            codecs=[stream.codec_context.codec.canonical_name for stream in container.streams],
            profile=str(film.codec_context.profile) if film else "",
            pixels=str(film.codec_context.pix_fmt) if film else "",
            size=(film.codec_context.width, film.codec_context.height) if film else (0, 0),
            rotations=set(),
            reordered=False,
            channels=[stream.codec_context.channels for stream in container.streams.audio],
            rates=[stream.codec_context.sample_rate for stream in container.streams.audio],
            frames=0,
            seconds=0.0,
            heard=0.0,
            loudest=0,
            tags=tags,
        )
        latest = None
        for packet in container.demux():
            if packet.stream is film and packet.pts is not None:
                found.reordered |= latest is not None and packet.pts < latest
                latest = packet.pts
            for frame in packet.decode():
                if isinstance(frame, av.VideoFrame):
                    found.frames += 1
                    found.seconds = float(frame.time or 0)
                    found.rotations.add(frame.rotation)
                elif isinstance(frame, av.AudioFrame):
                    found.heard += frame.samples / frame.sample_rate
                    for block in av.AudioResampler(format="s16", layout="mono").resample(frame):
                        values = struct.unpack(f"<{block.samples}h", bytes(block.planes[0])[: block.samples * 2])
                        found.loudest = max(found.loudest, *(abs(value) for value in values))
    return found
