"""What a person does on their phone, turned into the webhook that Meta would post."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from simulator import media
from simulator.network import chats, webhooks
from simulator.network.errors import webhook_error
from simulator.network.exchange import Exchange, chat_name
from simulator.network.faults import WEBHOOK_FAULTS, MediaFault
from simulator.network.store import StoredMedia
from simulator.network.world import Number, Person
from simulator.samples import catalog
from simulator.samples.catalog import Sample

#: Kinds with a file, and Meta's word for each: a voice note is audio with a flag.
FILE_KINDS = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "voice": "audio",
    "document": "document",
    "sticker": "sticker",
}
OTHER_KINDS = ("text", "location", "contacts", "order", "interactive", "button", "unsupported", "unknown", "reaction")
CHANGES = ("edit", "revoke", "system", "call")
KINDS = (*FILE_KINDS, *OTHER_KINDS, *CHANGES)
WITH_CAPTION = ("image", "video", "document")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What to send. ``payload`` is Meta's own object of the kind (a location, an order, …), else a sample is sent.

    ``target`` is the wamid that a reply, reaction, edit or revocation is about. ``at``: unix time, now when None.
    ``file`` and ``sample`` (a name of `samples`) are for the kinds with a file. ``faults``: words of
    `faults.MediaFault` and `faults.WEBHOOK_FAULTS`. ``echo``: not the person but a colleague wrote it, in the
    business app on the phone.
    ``extra`` goes into the message as it is (a referral, errors, a context).
    """

    kind: str = "text"
    text: str = ""
    payload: dict[str, Any] | list[Any] | None = None
    target: str = ""
    forwarded: bool = False
    at: float | None = None
    file: Sample | None = None
    sample: str = ""
    faults: tuple[str, ...] = ()
    delay: float = 0
    echo: bool = False
    extra: dict[str, Any] = field(default_factory=dict)


def write(exchange: Exchange, person: Person, number: Number, draft: Draft) -> str:
    """Send the draft, return its wamid. Raises ValueError, a sentence, when the draft makes no sense."""
    return write_all(exchange, person, number, [draft])[0]


def write_all(exchange: Exchange, person: Person, number: Number, drafts: Iterable[Draft]) -> list[str]:
    """Send these drafts as one webhook of at most a thousand messages each, as Meta batches."""
    leaves: list[dict[str, Any]] = []
    first: Draft | None = None
    for draft in drafts:
        check(draft)
        first = first or draft
        if draft.kind == "call":
            return [_call(exchange, person, number, draft)]
        if draft.kind == "system":
            return [_change_number(exchange, person, number, draft)]
        leaves.append(_keep(exchange, person, number, draft))
    if first is None:
        return []
    words = tuple(word for word in first.faults if word in WEBHOOK_FAULTS)
    for start in range(0, len(leaves), 1000):
        part = leaves[start : start + 1000]
        if first.echo:
            value = webhooks.value(number, contacts=[webhooks.contact(person)], message_echoes=part)
            changes = [webhooks.change("smb_message_echoes", value)]
        else:
            changes = [webhooks.messages(number, person, *part)]
        label = first.kind if len(part) == 1 else f"{len(part)} messages"
        chat = chat_name(number.phone_number_id, person.key)
        exchange.courier.take(chat, label, changes, delay=first.delay, faults=words)
    return [leaf["id"] for leaf in leaves]


def check(draft: Draft) -> None:
    """Raise ValueError, a sentence, when the draft makes no sense."""
    if draft.kind not in KINDS:
        raise ValueError(f"There is no kind {draft.kind!r}. There are: {', '.join(KINDS)}.")
    if draft.sample:
        catalog.check(draft.sample)
    known = (*MediaFault, *WEBHOOK_FAULTS)
    for word in draft.faults:
        if word not in known:
            raise ValueError(f"There is no fault {word!r}. There are: {', '.join(filter(None, known))}.")
    if draft.kind in ("reaction", "edit", "revoke") and not draft.target:
        raise ValueError(f"A {draft.kind} needs target, the wamid it is about.")


def _leaf(person: Person, number: Number, draft: Draft, at: float) -> dict[str, Any]:
    """What every message has. ``from`` is left out when the person does not show their number (reference §6)."""
    wamid = chats.new_wamid(person.wa_id or number.digits)
    if draft.echo:
        leaf: dict[str, Any] = {"from": number.digits}
        if person.wa_id:
            leaf["to"] = person.wa_id
        leaf["to_user_id"] = person.user_id
    else:
        leaf = {"from": person.wa_id} if person.wa_id else {}
        leaf["from_user_id"] = person.user_id
    return leaf | {"id": wamid, "timestamp": str(int(at))}


def _keep(exchange: Exchange, person: Person, number: Number, draft: Draft) -> dict[str, Any]:
    """Make the message, put it on the phone, return it as it goes over the wire."""
    at = time.time() if draft.at is None else draft.at
    leaf = _leaf(person, number, draft, at)
    if draft.kind == "reaction":
        exchange.chats.react(draft.target, mine=not draft.echo, emoji=draft.text)
        # Meta leaves the emoji out when a reaction is taken back.
        reaction = {"message_id": draft.target} | ({"emoji": draft.text} if draft.text else {})
        return leaf | {"type": "reaction", "reaction": reaction}
    if draft.kind in ("edit", "revoke"):
        return leaf | _rewrite(exchange, draft)
    context = _context(exchange, number, person, draft)
    if context:
        leaf = {"context": context} | leaf
    file: StoredMedia | None = None
    if draft.kind in FILE_KINDS:
        part, file = _file(exchange, number, draft)
    else:
        part = _content(draft)
    leaf |= part | draft.extra
    exchange.chats.add(
        wamid=leaf["id"],
        number_id=number.phone_number_id,
        person=person.key,
        mine=not draft.echo,
        kind=draft.kind,
        leaf=leaf,
        at=at,
        media_id=file.media_id if file else "",
        note="echo" if draft.echo else "",
        status="read" if draft.echo else "",
    )
    return leaf


def _context(exchange: Exchange, number: Number, person: Person, draft: Draft) -> dict[str, Any]:
    if draft.forwarded:
        return {"forwarded": True}
    if not draft.target:
        return {}
    quoted = exchange.chats.get(draft.target)
    author = person.wa_id if quoted and quoted.mine else number.digits
    return ({"from": author} if author else {}) | {"id": draft.target}


def _file(exchange: Exchange, number: Number, draft: Draft) -> tuple[dict[str, Any], StoredMedia | None]:
    """The part of a message with a file."""
    word = FILE_KINDS[draft.kind]
    sample = draft.file or catalog.make(draft.sample or draft.kind)
    own = next((each for each in draft.faults if each in set(MediaFault)), "")
    wrong = MediaFault(own) or exchange.store.faults().media
    if wrong is MediaFault.REFUSED:
        return {"errors": [webhook_error(131052)], "type": word}, None
    file = media.keep(
        exchange,
        number.phone_number_id,
        sample.content,
        sample.mime_type,
        file_name=sample.file_name,
        days=media.RECEIVED_DAYS,
        fault=own,
    )
    part = media.part(exchange, file)
    if draft.kind in ("audio", "voice"):
        part["voice"] = draft.kind == "voice"
    if word == "sticker":
        part["animated"] = sample.animated
    if word == "document":
        part["filename"] = sample.file_name
    if draft.text and word in WITH_CAPTION:
        part["caption"] = draft.text
    return {"type": word, word: part}, file


def _content(draft: Draft) -> dict[str, Any]:
    """The part of a message without a file."""
    kind = draft.kind
    if kind == "text":
        return {"type": "text", "text": draft.payload or {"body": draft.text}}
    if kind == "unsupported":
        word = draft.text or "poll_creation"
        error = webhook_error(131051) | {"title": "Message type unknown", "message": "Message type unknown"}
        error.pop("href")
        return {"errors": [error], "type": "unsupported", "unsupported": {"type": word}}
    if kind == "unknown":
        return {
            "type": draft.text or "hologram",
            draft.text or "hologram": draft.payload or {"scene": "A bicycle, rotating"},
        }
    if kind == "button":
        return {"type": "button", "button": draft.payload or {"payload": draft.text, "text": draft.text}}
    payload = draft.payload if draft.payload is not None else catalog.PAYLOADS[kind]
    return {"type": kind, kind: payload}


def _rewrite(exchange: Exchange, draft: Draft) -> dict[str, Any]:
    """An edit or a revocation of an earlier message."""
    message = exchange.chats.get(draft.target)
    if draft.kind == "revoke":
        if message:
            exchange.chats.rewrite(message, note="revoked")
        return {"type": "revoke", "revoke": {"original_message_id": draft.target}}
    word = FILE_KINDS.get(message.kind, "text") if message else "text"
    if message:
        exchange.chats.rewrite(message, text=draft.text, note="edited")
    if message and word in WITH_CAPTION:
        content: dict[str, Any] = {"type": word, word: message.leaf.get(word, {}) | {"caption": draft.text}}
    else:
        content = {"type": "text", "text": {"body": draft.text}}
    return {"type": "edit", "edit": {"original_message_id": draft.target, "message": content}}


def _change_number(exchange: Exchange, person: Person, number: Number, draft: Draft) -> str:
    """The person moves to another phone number; their user id changes with it (reference §6)."""
    payload = draft.payload if isinstance(draft.payload, dict) else {}
    old, country = person, person.user_id.split(".")[0]
    new = replace(
        person,
        wa_id=str(payload.get("wa_id") or f"{person.wa_id[:3] or '351'}555{secrets.randbelow(10**6):06d}"),
        user_id=str(payload.get("user_id") or f"{country}.{secrets.randbelow(10**17):017d}"),
    )
    exchange.store.save_person(new)
    shown = f"from {old.wa_id} to {new.wa_id}" if old.wa_id else f"to {new.wa_id}"
    at = time.time() if draft.at is None else draft.at
    leaf = _leaf(old, number, draft, at) | {
        "type": "system",
        "system": {
            "body": f"User {person.name} changed {shown}",
            "wa_id": new.wa_id,
            "user_id": new.user_id,
            "previous_user_id": old.user_id,
            "type": "user_changed_number",
        },
    }
    exchange.chats.add(
        wamid=leaf["id"],
        number_id=number.phone_number_id,
        person=person.key,
        mine=True,
        kind="system",
        leaf=leaf,
        at=at,
    )
    changes = [webhooks.messages(number, new, leaf)]
    exchange.courier.take(chat_name(number.phone_number_id, person.key), "system", changes, delay=draft.delay)
    return str(leaf["id"])


def _call(exchange: Exchange, person: Person, number: Number, draft: Draft) -> str:
    """The person calls and, nobody answering, hangs up after some seconds."""
    at = time.time() if draft.at is None else draft.at
    call: dict[str, Any] = {"from": person.wa_id} if person.wa_id else {}
    call |= {
        "id": chats.new_wamid(person.wa_id or number.digits).replace("wamid.", "wacid."),
        "from_user_id": person.user_id,
        "to": number.digits,
        "direction": "USER_INITIATED",
    }
    steps: tuple[dict[str, Any], ...] = (
        call | {"event": "connect", "timestamp": str(int(at))},
        call | {"event": "terminate", "timestamp": str(int(at) + 20), "status": "COMPLETED"},
    )
    for delay, step in zip((0, 1), steps, strict=True):
        value = webhooks.value(number, contacts=[webhooks.contact(person)], calls=[step])
        chat = chat_name(number.phone_number_id, person.key)
        exchange.courier.take(
            chat, f"call {step['event']}", [webhooks.change("calls", value)], delay=draft.delay + delay
        )
    exchange.chats.add(
        wamid=call["id"],
        number_id=number.phone_number_id,
        person=person.key,
        mine=True,
        kind="call",
        leaf=steps[-1],
        at=at,
    )
    return str(call["id"])
