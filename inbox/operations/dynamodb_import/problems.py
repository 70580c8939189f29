"""The problems that an item of the replaced system can have: a code and a sentence for each."""

from __future__ import annotations

from django.utils.translation import gettext_noop

#: The codes are stored in ImportedItem.problems; the report counts each.
SENTENCES = {
    # Items that are not imported.
    "unreadable": gettext_noop("It is not an item as DynamoDB writes one."),
    "no_key": gettext_noop("It has neither a messageId nor an id (a contact: contactId; a file: fileId)."),
    "no_direction": gettext_noop("It says neither inbound nor outbound, and nothing else shows its direction."),
    "no_time": gettext_noop("It has no valid time in timestamp, createdAt or expiresAt."),
    "orphan_contact": gettext_noop("Its contact is in no table, and no other message of the contact has a phone."),
    "no_phone": gettext_noop("Its contact is known and has no usable phone."),
    "no_number": gettext_noop("It names none of our numbers, and neither do the contact's other messages."),
    "other_channel": gettext_noop("It is of another channel than WhatsApp."),
    "deleted_unseen": gettext_noop("It was deleted from the table, and the export does not hold what it was."),
    # Who and where.
    "no_sender_name": gettext_noop("The sender's name is empty."),
    "phone_differs": gettext_noop("The message's phone is not the contact's; the message's was used."),
    "number_guessed": gettext_noop(
        "It names none of our numbers; the number of the contact's other messages was used."
    ),
    "number_conflict": gettext_noop(
        "awsPhoneNumberId and receivingPhone are different numbers; receivingPhone was used."
    ),
    "unknown_number": gettext_noop(
        "Its number is not entered here: it waits with an unknown number until somebody accepts that."
    ),
    "unnamed_contact": gettext_noop("The contact has no name."),
    "deleted_contact": gettext_noop("The contact was deleted in the old system; only messages bring it back."),
    "duplicate_contact": gettext_noop("Another contact has the same phone; both became one."),
    "bad_phone": gettext_noop("The phone number is invalid."),
    "opted_out": gettext_noop("The contact opted out of marketing; that was kept."),
    # What happened to it.
    "aws_message_id": gettext_noop(
        "whatsappMessageId is AWS's id (a UUID), not WhatsApp's; statuses could never match it."
    ),
    "odd_message_id": gettext_noop("whatsappMessageId is neither WhatsApp's nor AWS's form of an id."),
    "no_message_id": gettext_noop("It has no whatsappMessageId."),
    "repeated_message": gettext_noop("Another item is about the same message; both became one."),
    "already_here": gettext_noop("The message was here before, received by webhook; only what it lacked was added."),
    "guessed_time": gettext_noop("Its timestamp is invalid; createdAt or expiresAt was used."),
    "fate_unknown": gettext_noop(
        "Its status was never settled; it is shown as “may have been sent” and not sent again."
    ),
    "never_sent": gettext_noop("It was a dry run: the old system never sent it."),
    "unknown_status": gettext_noop("Its status is unknown; it is shown as “may have been sent”."),
    "deleted": gettext_noop(
        "It was deleted from the table later (by hand, or when its 30 days were over); it was kept."
    ),
    "kind_reduced": gettext_noop("The old system kept only its text, so it is shown as text."),
    # Files.
    "media_id_is_row": gettext_noop("mediaId is the key of a MediaFile row; WhatsApp's id was taken from there."),
    "media_row_missing": gettext_noop("mediaId points to a MediaFile row that is not in the tables given."),
    "no_media_id": gettext_noop("It has a file (s3Key) and no mediaId; the old page showed nothing."),
    "key_with_suffix": gettext_noop(
        "The stored key ends with what AWS appended (media id and extension); it was taken as it is."
    ),
    "found_by_prefix": gettext_noop("The key is the one asked for; the file was found under it with AWS's suffix."),
    "found_by_id": gettext_noop("No key was kept; the file was found by the message's id."),
    "key_ambiguous": gettext_noop("Several files begin with the key, and nothing shows which one it is."),
    "object_missing": gettext_noop("There is no such file in the storage."),
    "file_without_key": gettext_noop("It had a file, and the old system kept no key of it."),
    "shared_key": gettext_noop("Several messages name the same file: only the newest is sure to show what was sent."),
    "guessable_key": gettext_noop(
        "The key is made of the file's name: the old system overwrote files of the same name."
    ),
    "key_too_long": gettext_noop("The key is longer than S3 allows, so nothing was ever stored under it."),
    "kind_from_file": gettext_noop("messageType says text; the kind was taken from the file."),
    "kind_unknown": gettext_noop("It had a file of unknown kind; it is shown as a document."),
    "name_from_content": gettext_noop("The document's name stood in its content."),
    "stale_address": gettext_noop("mediaUrl is a signed address that expired; it was not kept."),
}

#: Those for which an item is held back, listed with its raw form, and tried again by every import.
HOLDING = frozenset(
    ("unreadable", "no_key", "no_direction", "no_time", "orphan_contact", "no_phone", "no_number", "deleted_unseen")
)
