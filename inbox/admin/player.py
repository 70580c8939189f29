"""A stored file inside an admin page: the picture, the player or the document, through our own checked addresses."""

from __future__ import annotations

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from inbox.formatting import humanize
from inbox.models import Media


def player(media: Media) -> SafeString:
    """What can be shown of a file, or why it cannot be. Whether the bytes are given out is decided at their address."""
    if media.state != Media.State.STORED:
        return format_html("{}. {}", media.get_state_display(), media.error)
    address = reverse("media", args=[media.pk])
    facts = " · ".join(filter(None, [media.content_type, humanize.size(media.size) if media.size is not None else ""]))
    download = format_html(
        '<div>{} · <a href="{}">Download</a></div>', facts, reverse("media_download", args=[media.pk])
    )
    if media.thumbnail:
        picture = format_html(
            '<a href="{}"><img class="thumbnail" src="{}" width="{}" height="{}" alt="Preview of the file" '
            'loading="lazy"></a>',
            address,
            reverse("media_thumbnail", args=[media.pk]),
            media.thumbnail_width or 160,
            media.thumbnail_height or 160,
        )
    else:
        picture = format_html("<div>{}</div>", media.preview_error or media.get_preview_state_display())
    kind = media.content_type.partition("/")[0]
    # The copy where there is one: not every browser plays what phones record.
    source = reverse("media_playable", args=[media.pk]) if media.playable else address
    if kind == "audio":
        picture = format_html('<audio controls preload="none" src="{}"></audio>', source)
    elif kind == "video":
        picture = format_html(
            '{}<div><video class="thumbnail" controls preload="none" src="{}"></video></div>', picture, source
        )
    return format_html("{}{}", picture, download)
