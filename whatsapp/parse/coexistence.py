"""The history of the WhatsApp Business app, for numbers that use both the app and the API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from whatsapp import events
from whatsapp.events import Party
from whatsapp.parse import fields, messages
from whatsapp.parse.fields import Change, Leaf, mapping, words

#: Meta's description of a chunk → ours.
PROGRESS = {"phase": "phase {}", "chunk_order": "part {}", "progress": "{} % are here"}


def history(change: Change) -> Iterator[events.AnyEvent]:
    """The phone app's history: thousands of messages in one notification, or the reason why there are none."""
    change = replace(change, historic=True)
    yield from fields.each(change, "history", _chunk)
    # The files of these messages arrive later, in notifications of their own, as plain messages.
    yield from fields.each(change, "messages", _stray)
    # Messages from the phone app are in the threads, or separate, like echoes.
    yield from fields.each(change, "message_echoes", messages.echo)


def _chunk(chunk: Leaf, change: Change, path: str) -> Iterator[events.AnyEvent]:
    faults = fields.faults(chunk.get("errors"))
    if faults:
        about = change.about({"errors": chunk["errors"]}, f"{path}.errors") | {"at": change.at}
        yield events.FaultReported(**about, faults=faults)
    yield from fields.each(replace(change, value=chunk, path=path), "threads", _thread)
    metadata = mapping(chunk.get("metadata"))
    told = [say.format(words(metadata[key])) for key, say in PROGRESS.items() if words(metadata.get(key))]
    if told:
        about = change.about(metadata, f"{path}.metadata") | {"at": change.at}
        summary = f"History of the phone app: {', '.join(told)}."
        yield events.NumberChanged(**about, webhook_field=change.field, summary=summary[: fields.MAX_SUMMARY])


def _thread(thread: Leaf, change: Change, path: str) -> Iterator[events.AnyEvent]:
    context = mapping(thread.get("context"))
    party = change.contacts.party(
        wa_id=fields.phone(thread.get("id")) or fields.phone(context.get("wa_id")),
        user_id=fields.user_id(context.get("user_id")),
        parent_user_id=fields.user_id(context.get("parent_user_id")),
    )
    party = replace(party, username=party.username or fields.username(context.get("username")))

    def read(leaf: Leaf, change: Change, path: str) -> Iterator[events.AnyEvent]:
        found = party if fields.named(party) else _other_side(leaf, change)
        yield from messages.historic(leaf, change, path, found)

    yield from fields.each(replace(change, value=thread, path=path), "messages", read)


def _stray(leaf: Leaf, change: Change, path: str) -> Iterator[events.AnyEvent]:
    yield from messages.historic(leaf, change, path, _other_side(leaf, change))


def _other_side(leaf: Leaf, change: Change) -> Party:
    """The customer of a historic message outside a thread: whoever of the two isn't us."""
    return change.party(leaf, "to" if change.ours(leaf.get("from")) or leaf.get("to_user_id") else "from")
