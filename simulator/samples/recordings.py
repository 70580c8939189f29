"""Sound and film made when they are needed, with FFmpeg's encoders in PyAV's wheel."""

from __future__ import annotations

import array
import io
import math
import tempfile
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from PIL import Image

from simulator.samples import pictures

RATE = 16000
_FRAME = 960


def speech(seconds: float) -> bytes:
    """Something that looks and sounds like a voice: syllables and pauses, 16-bit mono samples at ``RATE``."""
    samples = array.array("h")
    # Open and closed vowels, as their first two formants in hertz.
    vowels = ((730, 1090), (270, 2290), (570, 840), (440, 1020), (300, 870))
    for n in range(int(seconds * RATE)):
        at = n / RATE
        syllable = int(at * 4.2)
        within = at * 4.2 - syllable
        pause = syllable % 9 in (6, 8)
        loud = 0.0 if pause else math.sin(math.pi * within) ** 1.5 * (0.6 + 0.4 * math.sin(syllable * 2.3))
        if loud < 0.01:
            samples.append(0)
            continue
        pitch = 118 + 14 * math.sin(at * 1.7) + 6 * math.sin(syllable)
        first, second = vowels[(syllable * 7) % 5]
        value = 0.0
        for harmonic in range(1, 12):
            hertz = pitch * harmonic
            strength = 1 / (1 + ((hertz - first) / 160) ** 2) + 0.5 / (1 + ((hertz - second) / 220) ** 2)
            value += strength * math.sin(2 * math.pi * hertz * at)
        samples.append(max(-32000, min(32000, int(value * loud * 9000))))
    return samples.tobytes()


def bell(seconds: float) -> bytes:
    """A small tune on a bicycle bell, 16-bit mono samples at ``RATE``."""
    notes = (659, 784, 988, 784, 880, 659, 587, 659)
    samples = array.array("h")
    for n in range(int(seconds * RATE)):
        at = n / RATE
        note = notes[int(at * 2.5) % len(notes)]
        within = at * 2.5 % 1
        fade = math.exp(-3.2 * within)
        value = math.sin(2 * math.pi * note * at) + 0.4 * math.sin(2 * math.pi * note * 2.76 * at)
        samples.append(int(value * fade * 11000))
    return samples.tobytes()


def encode_sound(samples: bytes, *, container: str, codec: str, bit_rate: int = 32000) -> bytes:
    """These samples as a file: container "ogg", "mp3", "mp4", "adts"; codec "libopus", "libmp3lame", "aac"."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = cast(av.AudioStream, output.add_stream(codec, rate=RATE, layout="mono"))
        stream.bit_rate = bit_rate
        _add_sound(output, stream, samples)
    return file.getvalue()


def _add_sound(output: av.container.OutputContainer, stream: av.AudioStream, samples: bytes) -> None:
    resampler = av.AudioResampler(
        format=stream.codec_context.format, layout="mono", rate=stream.codec_context.sample_rate
    )
    for start in range(0, len(samples), _FRAME * 2):
        part = samples[start : start + _FRAME * 2]
        frame = av.AudioFrame(format="s16", layout="mono", samples=len(part) // 2)
        frame.planes[0].update(part.ljust(frame.planes[0].buffer_size, b"\0"))
        frame.sample_rate = RATE
        frame.time_base = Fraction(1, RATE)
        frame.pts = start // 2
        for ready in resampler.resample(frame):
            output.mux(stream.encode(ready))
    for ready in resampler.resample(None):
        output.mux(stream.encode(ready))
    output.mux(stream.encode(None))


def encode_film(frames: Iterable[Image.Image], samples: bytes, *, size: tuple[int, int], rate: int) -> bytes:
    """An MP4 as WhatsApp wants it: H.264 without B-frames, AAC, its index in front."""
    # FFmpeg opens the file a second time to move the index, so it needs a name.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as output:
            options = {"profile": "main", "preset": "veryfast", "crf": "26", "bf": "0"}
            picture = output.add_stream("libx264", rate=rate, options=options)
            picture.width, picture.height = size
            picture.pix_fmt = "yuv420p"
            sound = output.add_stream("aac", rate=RATE, layout="mono")
            sound.bit_rate = 48000
            for number, image in enumerate(frames):
                frame = av.VideoFrame.from_image(image)
                frame.pts = number
                frame.time_base = Fraction(1, rate)
                output.mux(picture.encode(frame))
            output.mux(picture.encode(None))
            _add_sound(output, sound, samples)
        return path.read_bytes()


def ride(seconds: float = 4) -> bytes:
    """The film: a bicycle rides through the evening, its bell rings."""
    rate = 20
    count = int(seconds * rate)
    return encode_film(
        (pictures.hills(1, ride=n / count) for n in range(count)), bell(seconds), size=(640, 400), rate=rate
    )


def to_voice(recording: bytes) -> bytes:
    """A browser's recording (WebM, MP4, …) as a WhatsApp voice note: OGG, Opus, mono.

    Raises ValueError, a sentence, when there is no sound in it.
    """
    file = io.BytesIO()
    try:
        with av.open(io.BytesIO(recording), "r") as source, av.open(file, "w", format="ogg") as output:
            if not source.streams.audio:
                raise ValueError("There is no sound in this recording.")
            stream = output.add_stream("libopus", rate=48000, layout="mono")
            stream.bit_rate = 24000
            resampler = av.AudioResampler(format="s16", layout="mono", rate=48000)
            for frame in source.decode(source.streams.audio[0]):
                frame.pts = None
                for ready in resampler.resample(frame):
                    output.mux(stream.encode(ready))
            for ready in resampler.resample(None):
                output.mux(stream.encode(ready))
            output.mux(stream.encode(None))
    except av.FFmpegError as error:
        raise ValueError(f"This recording cannot be read: {error.strerror}.") from error
    return file.getvalue()
