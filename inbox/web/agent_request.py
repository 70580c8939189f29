"""The type of a request that LoginRequiredMiddleware let through."""

from __future__ import annotations

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from inbox.models import Agent


class AgentRequest(HttpRequest):
    """A request of a signed-in agent. For annotations alone: Django makes the requests."""

    user: Agent
    htmx: HtmxDetails
