"""Addresses of the pages. Every name is the name of its view."""

from __future__ import annotations

from django.urls import path

from inbox.views import changes, conversation, conversations, theme

app_name = "inbox"

urlpatterns = [
    path("", conversations.conversations, name="conversations"),
    path("conversations/", conversations.conversations),
    path("conversations/<int:pk>/", conversation.conversation, name="conversation"),
    path("conversations/<int:pk>/messages/", conversation.messages, name="messages"),
    path("conversations/<int:pk>/read/", conversation.read, name="read"),
    path("messages/<int:pk>/", conversation.message, name="message"),
    path("changes/", changes.changes, name="changes"),
    path("theme/", theme.theme, name="theme"),
]
