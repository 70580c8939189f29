"""Tags and filters of the pages' templates."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from django import template
from django.conf import settings
from django.template import engines
from django.template.base import Parser, Token
from django.template.loader import get_template
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from core.translation import translator
from inbox.formatting import humanize
from inbox.web import icons

register = template.Library()


class IconNode(template.Node):
    """An icon whose name stands in the template."""

    def __init__(self, *arguments: str) -> None:
        self.arguments = arguments

    def render(self, context: template.Context) -> SafeString:
        return icons.icon(*self.arguments)


@register.tag
def icon(parser: Parser, token: Token) -> IconNode:
    """{% icon "clock" %} or {% icon "clock" "icon--small" %}. Names are literals; presenters render icons that vary."""
    arguments = [argument.strip("\"'") for argument in token.split_contents()[1:]]
    if not 1 <= len(arguments) <= 2:
        raise template.TemplateSyntaxError('icon takes a name and perhaps classes: {% icon "clock" "icon--small" %}')
    return IconNode(*arguments)


@register.simple_tag(takes_context=True)
def jinja(context: template.Context, name: str, **values: object) -> SafeString:
    """A template of templates/jinja with this page's context: {% jinja "list/_rows.html" rows=pinned_rows %}."""
    compiled = engines["jinja2"].get_template(name)
    page = {str(name): value for name, value in context.flatten().items()}
    # It escaped everything itself.
    return SafeString(compiled.render(page | {"_": translator()} | values, context.get("request")))


@lru_cache(maxsize=256)
def _rendered(name: str, _language: str | None) -> SafeString:
    return SafeString(get_template(name).render())


@register.simple_tag
def constant(name: str) -> SafeString:
    """A template that needs nothing of its context: rendered once per process and language."""
    render = _rendered.__wrapped__ if settings.DEBUG else _rendered
    return render(name, get_language())


@register.simple_tag
def csrf_cookie() -> str:
    """The name of the CSRF cookie, from which scripts read the token: a new login in another tab changes it."""
    return settings.CSRF_COOKIE_NAME


@register.simple_tag
def brand() -> SafeString:
    return icons.brand()


@register.filter
def left(moment: datetime) -> str:
    """The time left until a moment: 23 h 58."""
    return humanize.time_left((moment - timezone.now()).total_seconds())
