"""Small pieces of the page that stand in many templates."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.conf import settings
from django.template import engines
from django.template.base import Parser, Token
from django.utils import timezone
from django.utils.safestring import SafeString

from inbox.formatting import humanize
from inbox.web import icons

register = template.Library()


class IconNode(template.Node):
    """An icon that the template names outright: drawn when first needed, not for each bubble."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def render(self, context: template.Context) -> SafeString:
        return icons.icon(*self.words)


@register.tag
def icon(parser: Parser, token: Token) -> IconNode:
    """{% icon "clock" %} or {% icon "clock" "icon--small" %}. Icons that depend on a row come drawn with the row."""
    words = [word.strip("\"'") for word in token.split_contents()[1:]]
    if not 1 <= len(words) <= 2:
        raise template.TemplateSyntaxError('icon takes a name and perhaps classes: {% icon "clock" "icon--small" %}')
    return IconNode(*words)


@register.simple_tag(takes_context=True)
def jinja(context: template.Context, name: str, **values: object) -> SafeString:
    """A template of templates/jinja with this page's context: {% jinja "list/_rows.html" rows=pinned_rows %}."""
    compiled = engines["jinja2"].get_template(name)
    # It escaped everything itself.
    return SafeString(compiled.render({**context.flatten(), **values}, context.get("request")))


@register.simple_tag
def csrf_cookie() -> str:
    """The name of the cookie with the token that scripts send: an open page finds there what a new login gave."""
    return settings.CSRF_COOKIE_NAME


@register.simple_tag
def brand() -> SafeString:
    return icons.brand()


@register.filter
def left(moment: datetime) -> str:
    """How long it is until a moment, in words: 23 h 58."""
    return humanize.time_left((moment - timezone.now()).total_seconds())
