"""The colours an agent wants: light, dark, or as the system has them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from inbox.models import Agent


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep ``theme`` for this agent and go back to ``next``. An unknown theme is refused with 400."""
    chosen = request.POST.get("theme", "")
    if chosen not in Agent.Theme:
        return HttpResponse("There is no such theme.", status=400, content_type="text/plain")
    Agent.objects.filter(username=request.user.get_username()).update(theme=chosen)
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = "/"
    return HttpResponseRedirect(back)
