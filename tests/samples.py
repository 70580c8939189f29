"""Files of every kind, made when a test needs them, and rows of messages that wait for one."""

from __future__ import annotations

import hashlib
import io
import math
import struct
import zipfile
import zlib
from collections.abc import Iterable
from datetime import timedelta
from fractions import Fraction
from typing import Any

import av
from django.utils import timezone
from PIL import Image, ImageDraw

from inbox.models import Contact, Conversation, Media, Message
from tests.kept import kept
from whatsapp.models import PhoneNumber

GPS_LATITUDE_TAG = 2


def picture(format: str = "JPEG", size: tuple[int, int] = (320, 200), **options: Any) -> bytes:
    """A picture with something on it: a red left half, a blue right half and a white circle."""
    image = Image.new("RGB", size, "blue")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, size[0] // 2, size[1]), fill="red")
    draw.ellipse((10, 10, 60, 60), fill="white")
    return save(image, format, **options)


def save(image: Image.Image, format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def photo_from_a_phone(size: tuple[int, int] = (400, 300)) -> bytes:
    """A JPEG as a phone held upright makes it: stored lying, turned by its EXIF, with the place it was taken."""
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn a quarter clockwise
    exif[0x010F] = "Camera of Ada"
    exif.get_ifd(0x8825)[GPS_LATITUDE_TAG] = (38.0, 42.0, 30.0)
    return picture("JPEG", size, exif=exif)


def animation(format: str = "GIF", frames: int = 4, size: tuple[int, int] = (64, 48)) -> bytes:
    """Frames from red to black."""
    images = [Image.new("RGB", size, (255 - 255 * index // frames, 0, 0)) for index in range(frames)]
    return save(images[0], format, save_all=True, append_images=images[1:], duration=40, loop=0)


def png_header(width: int, height: int) -> bytes:
    """A PNG that only says how large it is."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")
    )


@kept
def big_black_png(width: int, height: int) -> bytes:
    """A whole picture of one byte a pixel that packs into almost nothing."""
    return save(Image.new("L", (width, height)), "PNG", compress_level=9)


@kept
def sound(
    format: str = "ogg", codec: str = "libopus", *, seconds: float = 2, rate: int = 48_000, bits: int | None = None
) -> bytes:
    """A tone that grows louder. formats and codecs: ogg/libopus, mp3/libmp3lame, ipod/aac, amr/libopencore_amrnb."""
    file = io.BytesIO()
    with av.open(file, "w", format=format) as container:
        stream = container.add_stream(codec, rate=rate, layout="mono", **({"bit_rate": bits} if bits else {}))
        encode_tone(container, stream, seconds, rate)
    return file.getvalue()


def encode_tone(container: Any, stream: Any, seconds: float, rate: int, *, starts: float = 0, jump: int = 0) -> None:
    """Write a tone that grows louder into a stream of sound: so many seconds from ``starts`` on, with a gap of ``jump``
    seconds in the middle."""
    block = stream.codec_context.frame_size or 960
    resampler = av.AudioResampler(
        format=stream.codec_context.format, layout=stream.codec_context.layout.name, rate=rate
    )
    total = int(seconds * rate)
    for start in range(0, total, block):
        values = [
            int(30_000 * index / total * math.sin(2 * math.pi * 440 * index / rate))
            for index in range(start, start + block)
        ]
        frame = av.AudioFrame(format="s16", layout="mono", samples=block)
        frame.planes[0].update(struct.pack(f"<{block}h", *values))
        frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
        frame.pts += int(starts * rate) + (jump * rate if start > total / 2 else 0)
        for resampled in resampler.resample(frame):
            container.mux(stream.encode(resampled))
    container.mux(stream.encode(None))


@kept
def with_chapters(content: bytes, *, hours: int) -> bytes:
    """The same M4A with two chapters, the second of which claims to last for so many hours."""
    file = io.BytesIO()
    with av.open(io.BytesIO(content)) as source, av.open(file, "w", format="ipod") as target:
        stream = target.add_stream_from_template(source.streams.audio[0])
        chapters = [(0, 1), (1, hours * 3600)]
        target.set_chapters(
            [
                {"id": place, "start": start, "end": end, "time_base": Fraction(1, 1), "metadata": {"title": "Part"}}
                for place, (start, end) in enumerate(chapters)
            ]
        )
        for packet in source.demux(source.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    return file.getvalue()


@kept
def video(
    format: str = "mp4",
    *,
    seconds: float = 2,
    size: tuple[int, int] = (320, 240),
    audio: bool = True,
    turned: int = 0,
    codec: str = "libx264",
) -> bytes:
    """A film whose picture goes from red to green, with a tone. ``turned``: degrees of rotation written into it."""
    sound_codec, rate = ("libopus", 48_000) if format == "webm" else ("aac", 44_100)
    file = io.BytesIO()
    options = {"movflags": "frag_keyframe+empty_moov"} if format == "3gp" else {}
    with av.open(file, "w", format=format, options=options) as container:
        stream = container.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        tone = container.add_stream(sound_codec, rate=rate, layout="mono") if audio else None
        count = int(seconds * 10)
        for index in range(count):
            part = index / count
            image = Image.new("RGB", size, (int(255 * (1 - part)), int(255 * part), 0))
            container.mux(stream.encode(av.VideoFrame.from_image(image)))
        container.mux(stream.encode(None))
        if tone is not None:
            encode_tone(container, tone, seconds, rate)
    content = file.getvalue()
    return turned_by(content, turned) if turned else content


def turned_by(content: bytes, degrees: int) -> bytes:
    """Write a rotation into the display matrix of the first track header (ISO/IEC 14496-12 §8.3.2)."""
    at = content.index(b"tkhd")
    matrix = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}[degrees]
    a, b, c, d = (value * 0x10000 for value in matrix)
    place = at + 4 + 4 + 20 + 8 + 8
    packed = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 0x40000000)
    return content[:place] + packed + content[place + 36 :]


def pdf(pages: Iterable[str] = ("Invoice 2026-117",), *, extra: str = "") -> bytes:
    """A PDF with a line of text on each page. ``extra`` goes into its catalog (an /OpenAction, say)."""
    texts = list(pages)
    kids = " ".join(f"{3 + 2 * index} 0 R" for index in range(len(texts)))
    font = 3 + 2 * len(texts)
    objects = [f"<< /Type /Catalog /Pages 2 0 R {extra} >>", f"<< /Type /Pages /Kids [{kids}] /Count {len(texts)} >>"]
    for index, text in enumerate(texts):
        stream = f"BT /F1 24 Tf 72 720 Td ({text}) Tj ET"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {4 + 2 * index} 0 R "
            f"/Resources << /Font << /F1 {font} 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    objects.append("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    body, places = "%PDF-1.4\n", []
    for index, text in enumerate(objects, 1):
        places.append(len(body))
        body += f"{index} 0 obj\n{text}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    start = len(body)
    body += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    body += f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    return body.encode("latin-1")


def protected() -> bytes:
    """What an Office file with a password looks like from outside: a compound file that holds one encrypted package."""
    header = bytearray(1024)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    header[30] = 9
    entries = b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in ("Root Entry", "EncryptedPackage"))
    return bytes(header[:512]) + entries + bytes(range(256)) * 64


def archive(**files: bytes | str) -> bytes:
    """A ZIP of these files; "__" in a name stands for a slash and "_dot_" for a dot."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return file.getvalue()


def docx() -> bytes:
    return archive(_Content_Types_dot_xml="<Types/>", word__document_dot_xml="<w:document/>")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def waiting_media(number: PhoneNumber, *, kind: str = "image", minutes_ago: float = 0, **fields: Any) -> Media:
    """A message with a file that is due to be fetched, in a conversation of its own."""
    count = Media.objects.count() + 1
    sent_at = timezone.now() - timedelta(minutes=minutes_ago)
    contact = Contact.objects.create(profile_name="Amara Okafor")
    conversation = Conversation.objects.create(number=number, contact=contact, last_message_at=sent_at)
    message = Message.objects.create(
        number=number,
        conversation=conversation,
        direction="inbound",
        kind=kind,
        origin="customer",
        wamid=f"wamid.FILE{count}",
        sent_at=sent_at,
    )
    Conversation.objects.filter(pk=conversation.pk).update(last_message=message)
    defaults = {"media_id": str(700_000_000_000_000 + count), "next_try_at": sent_at}
    media = Media.objects.create(message=message, **(defaults | fields))
    if minutes_ago:
        Media.objects.filter(pk=media.pk).update(created_at=sent_at)
    return media
