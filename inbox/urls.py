"""Addresses of the pages. Every name is the name of its view."""

from __future__ import annotations

from django.urls import path

from inbox.web.views import (
    all_files,
    changes,
    compose,
    conversation,
    conversation_acts,
    conversations,
    dialogs,
    message_acts,
    preferences,
    search,
    template_picker,
    uploads,
)

app_name = "inbox"

urlpatterns = [
    path("", conversations.conversations, name="conversations"),
    path("conversations/", conversations.conversations),
    path("conversations/<int:pk>/", conversation.conversation, name="conversation"),
    path("conversations/<int:pk>/messages/", conversation.messages, name="messages"),
    path("conversations/<int:pk>/search/", search.search, name="search"),
    path("conversations/<int:pk>/files/", all_files.all_files, name="all_files"),
    path("conversations/<int:pk>/read/", conversation.read, name="read"),
    path("conversations/<int:pk>/pin/", conversation_acts.pin, name="pin"),
    path("conversations/<int:pk>/unread/", conversation_acts.unread, name="unread"),
    path("conversations/<int:pk>/compose/", compose.compose, name="compose"),
    path("conversations/<int:pk>/send/", compose.send, name="send"),
    path("conversations/<int:pk>/draft/", compose.draft, name="draft"),
    path("conversations/<int:pk>/typing/", compose.typing, name="typing"),
    path("conversations/<int:pk>/uploads/", uploads.upload, name="upload"),
    path("conversations/<int:pk>/location/", dialogs.location, name="location"),
    path("conversations/<int:pk>/contact/", dialogs.contact, name="contact"),
    path("conversations/<int:pk>/interactive/", dialogs.interactive, name="interactive"),
    path("conversations/<int:pk>/interactive/preview/", dialogs.interactive_preview, name="interactive_preview"),
    path("conversations/<int:pk>/templates/", template_picker.template_picker, name="template_picker"),
    path("conversations/<int:pk>/templates/<int:template_id>/", template_picker.template, name="template"),
    path(
        "conversations/<int:pk>/templates/<int:template_id>/preview/",
        template_picker.template_preview,
        name="template_preview",
    ),
    path("messages/<int:pk>/", conversation.message, name="message"),
    path("messages/<int:pk>/resend/", message_acts.resend, name="resend"),
    path("messages/<int:pk>/dismiss/", message_acts.dismiss, name="dismiss"),
    path("messages/<int:pk>/cancel/", message_acts.cancel, name="cancel"),
    path("messages/<int:pk>/react/", message_acts.react, name="react"),
    path("uploads/<uuid:upload_id>/", uploads.show, name="upload_show"),
    path("uploads/<uuid:upload_id>/document/", uploads.as_document, name="upload_as_document"),
    path("uploads/<uuid:upload_id>/discard/", uploads.discard, name="upload_discard"),
    path("uploads/<uuid:upload_id>/file/", uploads.file, name="upload_file"),
    path("changes/", changes.changes, name="changes"),
    path("preferences/", preferences.preferences, name="preferences"),
    path("theme/", preferences.theme, name="theme"),
]
