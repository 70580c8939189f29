"""One message of every kind, in an order that makes a believable conversation."""

from __future__ import annotations

import time
from dataclasses import replace

from simulator import inbound
from simulator.inbound import Draft
from simulator.network.exchange import Exchange
from simulator.network.world import Number, Person

_REFERRAL = {
    "referral": {
        "source_url": "https://norte.example/spring",
        "source_id": "600000000000001",
        "source_type": "ad",
        "headline": "Cargo bikes for the city",
        "body": "Carry two children and the shopping.",
        "media_type": "image",
        "image_url": "https://norte.example/spring.jpg",
        "ctwa_clid": "simulated-click",
    }
}


def drafts() -> list[Draft]:
    """What is sent, without the messages that answer or change another one."""
    return [
        Draft(text="Hello, I saw your advertisement 🚲", extra=_REFERRAL),
        Draft(text="*Bold*, _italic_, ~struck~ and ```code```. Também: https://norte.example/a?b=1&c=<d>"),
        Draft(kind="image", sample="photo-box", text="The box came like this"),
        Draft(kind="image", sample="photo-wheel"),
        Draft(kind="video", sample="film", text="And this is how it should ride"),
        Draft(kind="voice", sample="voice"),
        Draft(kind="audio", sample="song"),
        Draft(kind="document", sample="invoice", text="The invoice"),
        Draft(kind="document", sample="orders"),
        Draft(kind="sticker", sample="sticker"),
        Draft(kind="sticker", sample="sticker-animated"),
        Draft(kind="location"),
        Draft(kind="contacts"),
        Draft(kind="order"),
        Draft(kind="interactive"),
        Draft(kind="button", text="Yes, same address"),
        Draft(text="This was passed on to me", forwarded=True),
        Draft(kind="unsupported"),
        Draft(kind="unknown"),
    ]


def send(exchange: Exchange, person: Person, number: Number) -> list[str]:
    """Send one of everything; the wamids of the messages that can be seen."""
    # Written over the last two minutes: WhatsApp's times count seconds, and nobody writes twenty messages in one.
    shown = drafts()
    began = time.time() - 5 * (len(shown) + 3)
    wamids = [
        inbound.write(exchange, person, number, replace(draft, at=began + 5 * n)) for n, draft in enumerate(shown)
    ]
    photo = wamids[2]
    answer = Draft(text="Look at the corner on the right", target=photo, at=time.time() - 10)
    wamids.append(inbound.write(exchange, person, number, answer))
    misspelt = Draft(text="My adress is the same", at=time.time() - 5)
    wamids.append(inbound.write(exchange, person, number, misspelt))
    inbound.write(exchange, person, number, Draft(kind="edit", target=wamids[-1], text="My address is the same"))
    wamids.append(inbound.write(exchange, person, number, Draft(text="Sent to the wrong person")))
    inbound.write(exchange, person, number, Draft(kind="revoke", target=wamids[-1]))
    inbound.write(exchange, person, number, Draft(kind="reaction", target=photo, text="😮"))
    return wamids
