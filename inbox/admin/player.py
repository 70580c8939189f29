"""A stored file on an admin page: its picture or player, served by our own addresses."""

from __future__ import annotations

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from inbox.formatting import humanize
from inbox.models import Media


def player(media: Media) -> SafeString:
    """The file, or why it cannot be shown. Its own address decides who gets the bytes."""
    if media.state != Media.State.STORED:
        return format_html("{}. {}", media.get_state_display(), gettext(media.error) if media.error else "")
    address = reverse("media", args=[media.pk])
    facts = " · ".join(filter(None, [media.content_type, humanize.size(media.size) if media.size is not None else ""]))
    download = format_html(
        '<div>{} · <a href="{}">{}</a></div>', facts, reverse("media_download", args=[media.pk]), gettext("Download")
    )
    if media.thumbnail:
        picture = format_html(
            '<a href="{}"><img class="thumbnail" src="{}" width="{}" height="{}" alt="{}" loading="lazy"></a>',
            address,
            reverse("media_thumbnail", args=[media.pk]),
            media.thumbnail_width or 160,
            media.thumbnail_height or 160,
            gettext("Preview of the file"),
        )
    else:
        picture = format_html(
            "<div>{}</div>", gettext(media.preview_error) if media.preview_error else media.get_preview_state_display()
        )
    kind = media.content_type.partition("/")[0]
    # Not every browser plays what phones record, so a playable copy comes first.
    source = reverse("media_playable", args=[media.pk]) if media.playable else address
    if kind == "audio":
        picture = format_html('<audio controls preload="none" src="{}"></audio>', source)
    elif kind == "video":
        picture = format_html(
            '{}<div><video class="thumbnail" controls preload="none" src="{}"></video></div>', picture, source
        )
    return format_html("{}{}", picture, download)
