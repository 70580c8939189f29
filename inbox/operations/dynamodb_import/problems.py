"""What can be odd about an item of the replaced system: a code each, and a sentence for the report."""

from __future__ import annotations

#: Kept in ImportedItem.problems; the first part of the report says how often each occurred.
SENTENCES = {
    # Items that are not imported.
    "unreadable": "It is not an item as DynamoDB writes one.",
    "no_key": "It has neither a messageId nor an id (a contact: contactId; a file: fileId).",
    "no_direction": "It says neither inbound nor outbound, and nothing else tells.",
    "no_time": "It has no time that can be one: neither timestamp, createdAt nor expiresAt.",
    "orphan_contact": "Its contact is in no table, and no other message of the contact has a phone.",
    "no_phone": "Its contact is known and has no usable phone.",
    "no_number": "It names none of our numbers, and nothing else of the contact does.",
    "other_channel": "It is of another channel than WhatsApp.",
    "deleted_unseen": "It was deleted from the table, and the export does not hold what it was.",
    # Who and where.
    "no_sender_name": "The sender's name is empty.",
    "phone_differs": "The message's phone is not the contact's; the message was believed.",
    "number_guessed": "It names none of our numbers; the contact's other messages told.",
    "number_conflict": "awsPhoneNumberId and receivingPhone are two numbers; receivingPhone was believed.",
    "unknown_number": "Its number is not entered here: it waits with an unknown number until somebody accepts that.",
    "unnamed_contact": "The contact has no name.",
    "deleted_contact": "The contact was deleted in the old system; only messages bring it back.",
    "duplicate_contact": "Another contact has the same phone; both became one.",
    "bad_phone": "The phone is none.",
    "opted_out": "The contact wants no marketing; that was kept.",
    # What happened to it.
    "aws_message_id": "whatsappMessageId is AWS's id (a UUID), not WhatsApp's; statuses could never match it.",
    "odd_message_id": "whatsappMessageId is neither WhatsApp's nor AWS's form of an id.",
    "no_message_id": "It has no whatsappMessageId.",
    "repeated_message": "Another item is about the same message; both became one.",
    "already_here": "The message was here before, received by webhook; only what it lacked was added.",
    "guessed_time": "Its timestamp cannot be one; createdAt or expiresAt told.",
    "fate_unknown": "Its status was never settled; it is shown as “may have been sent” and not sent again.",
    "never_sent": "It was a dry run: the old system never sent it.",
    "unknown_status": "Its status is a word that nobody knows; it is shown as “may have been sent”.",
    "deleted": "It was deleted from the table later (by hand, or when its 30 days were over); it was kept.",
    "kind_reduced": "Only its words were kept by the old system, so it is shown as text.",
    # Files.
    "media_id_is_row": "mediaId is the key of a MediaFile row; WhatsApp's id was taken from there.",
    "media_row_missing": "mediaId points to a MediaFile row that is not in the tables given.",
    "no_media_id": "It has a file (s3Key) and no mediaId; the old page showed nothing.",
    "key_with_suffix": "The stored key ends with what AWS appended (media id and extension); it was taken as it is.",
    "found_by_prefix": "The key is the one asked for; the file was found under it with AWS's suffix.",
    "found_by_id": "No key was kept; the file was found by the message's id.",
    "key_ambiguous": "Several files begin with the key, and nothing tells which one it is.",
    "object_missing": "There is no such file in the storage.",
    "file_without_key": "It had a file, and the old system kept no key of it.",
    "shared_key": "Several messages name the same file: only the newest is sure to show what was sent.",
    "guessable_key": "The key is made of the file's name: the old system overwrote files of the same name.",
    "key_too_long": "The key is longer than S3 allows, so nothing was ever stored under it.",
    "kind_from_file": "messageType says text; the file told what it is.",
    "kind_unknown": "It had a file of which nothing tells the kind; it is shown as a document.",
    "name_from_content": "The document's name stood in its content.",
    "stale_address": "mediaUrl is a signed address that expired; it was not kept.",
}

#: Those for which an item is held back, listed with its raw form, and tried again by every import.
HOLDING = frozenset(
    ("unreadable", "no_key", "no_direction", "no_time", "orphan_contact", "no_phone", "no_number", "deleted_unseen")
)
