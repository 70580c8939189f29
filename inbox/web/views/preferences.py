"""An agent's own settings: the language of the pages, and their theme."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from inbox.models import Agent
from inbox.models.agents import language_choices
from inbox.web.agent_request import AgentRequest


class PreferencesForm(forms.Form):
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=language_choices, required=False)
    theme = forms.ChoiceField(label=gettext_lazy("Theme"), choices=Agent.Theme.choices, required=False)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def preferences(request: AgentRequest) -> HttpResponse:
    """The form with the agent's preferences; POST saves them. Safe to repeat."""
    agent = request.user
    form = PreferencesForm(request.POST or None, initial={"language": agent.language, "theme": agent.theme})
    if request.method == "POST" and form.is_valid():
        Agent.objects.filter(pk=agent.pk).update(**form.cleaned_data)
        with translation.override(form.cleaned_data["language"] or translation.get_language_from_request(request)):
            messages.success(request, gettext("Preferences saved."))
        return redirect("inbox:preferences")
    return render(request, "account/preferences.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
def theme(request: AgentRequest) -> HttpResponse:
    """Keep ``theme`` for this agent and go back to ``next``. An unknown theme is refused with 400."""
    chosen = request.POST.get("theme", "")
    if chosen not in Agent.Theme:
        return HttpResponse(gettext("There is no such theme."), status=400, content_type="text/plain")
    Agent.objects.filter(username=request.user.get_username()).update(theme=chosen)
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = "/"
    return redirect(back)
