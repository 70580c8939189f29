"""One of every kind to send: files made at run time, and Meta's objects for what has no file.

``make`` is all that others need: the phone page and the demo inbox take their media from here.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulator.samples import documents, pictures, recordings


@dataclass(frozen=True, slots=True)
class Sample:
    """A file as a person would send it. ``mime_type`` is what WhatsApp would declare."""

    content: bytes
    mime_type: str
    file_name: str
    animated: bool = False


_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_OPUS = "audio/ogg; codecs=opus"


def _voice(seconds: float) -> bytes:
    return recordings.encode_sound(recordings.speech(seconds), container="ogg", codec="libopus", bit_rate=24000)


def _song(container: str, codec: str) -> bytes:
    return recordings.encode_sound(recordings.bell(6), container=container, codec=codec, bit_rate=64000)


_MAKERS: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "photo-box": (lambda: pictures.jpeg(pictures.parcel), "image/jpeg", "IMG_4021.jpg"),
    "photo-wheel": (lambda: pictures.jpeg(pictures.wheel), "image/jpeg", "IMG_4022.jpg"),
    "photo-street": (lambda: pictures.jpeg(pictures.street), "image/jpeg", "IMG_4023.jpg"),
    "photo-hills": (lambda: pictures.jpeg(pictures.hills), "image/jpeg", "IMG_4024.jpg"),
    "photo-receipt": (lambda: pictures.jpeg(pictures.receipt), "image/jpeg", "IMG_4025.jpg"),
    "drawing": (lambda: pictures.png(lambda: pictures.face(800)), "image/png", "drawing.png"),
    "film": (recordings.ride, "video/mp4", "VID_0007.mp4"),
    "voice": (lambda: _voice(6), _OPUS, "PTT-0001.ogg"),
    "voice-long": (lambda: _voice(24), _OPUS, "PTT-0002.ogg"),
    "song": (lambda: _song("mp3", "libmp3lame"), "audio/mpeg", "bell.mp3"),
    "song-m4a": (lambda: _song("mp4", "aac"), "audio/mp4", "bell.m4a"),
    "song-aac": (lambda: _song("adts", "aac"), "audio/aac", "bell.aac"),
    "invoice": (documents.invoice, "application/pdf", "Fatura NC2-40817.pdf"),
    "orders": (documents.orders, "text/csv", "encomendas.csv"),
    "letter": (documents.letter, _DOCX, "Reclamação.docx"),
    "note": (lambda: "Chave na vizinha, 3.º andar.\n".encode(), "text/plain", "nota.txt"),
    "sticker": (pictures.sticker, "image/webp", "sticker.webp"),
    "sticker-animated": (pictures.animated_sticker, "image/webp", "sticker.webp"),
}

#: What stands for a kind when nobody names a sample.
_OF_KIND = {"image": "photo-box", "video": "film", "audio": "song", "document": "invoice"}
NAMES = tuple(_MAKERS)


def check(name: str) -> None:
    """Raise ValueError, a sentence, unless there is a sample of this name or kind."""
    if _OF_KIND.get(name, name) not in _MAKERS:
        raise ValueError(f"There is no sample {name!r}. There are: {', '.join(NAMES)}.")


@functools.cache
def make(name: str) -> Sample:
    """The sample called so (one of NAMES), or the usual one of a kind (image, video, audio, voice, document, sticker).

    Made once in a process. Raises ValueError, a sentence, for a name it does not know.
    """
    check(name)
    name = _OF_KIND.get(name, name)
    maker, mime_type, file_name = _MAKERS[name]
    return Sample(maker(), mime_type, file_name, animated=name == "sticker-animated")


#: Meta's objects of the kinds without a file, each with what is easily forgotten.
PAYLOADS: dict[str, Any] = {
    "location": {
        "latitude": 38.71058,
        "longitude": -9.14291,
        "name": "Miradouro de São Pedro de Alcântara",
        "address": "Rua de São Pedro de Alcântara, 1200-470 Lisboa",
    },
    "contacts": [
        {
            "name": {"formatted_name": "João Pereira", "first_name": "João", "last_name": "Pereira"},
            "org": {"company": "Transportes Tejo", "title": "Driver"},
            "phones": [{"phone": "+351 93 555 0177", "wa_id": "351935550177", "type": "CELL"}],
            "emails": [{"email": "joao@tejo.example", "type": "WORK"}],
            "addresses": [
                {
                    "street": "Cais do Sodré 3",
                    "city": "Lisboa",
                    "zip": "1200-450",
                    "country": "Portugal",
                    "type": "WORK",
                }
            ],
        }
    ],
    "order": {
        "catalog_id": "500000000000001",
        "text": "Can I pick these up on Saturday?",
        "product_items": [
            {"product_retailer_id": "BELL-BRASS", "quantity": 1, "item_price": 18.5, "currency": "EUR"},
            {"product_retailer_id": "PADS-DISC", "quantity": 2, "item_price": 24, "currency": "EUR"},
        ],
    },
    "interactive": {
        "type": "nfm_reply",
        "nfm_reply": {
            "name": "flow",
            "body": "Sent",
            "response_json": '{"flow_token":"service-7","bike":"Norte Cargo 2","day":"Friday","note":"Brakes squeak"}',
        },
    },
}
