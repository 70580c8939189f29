"""Scripts of pages."""

from __future__ import annotations

from django import template
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from core.static_files import module_addresses
from inbox.web import catalogue
from inbox.web.presenters import days
from inbox.web.queries import conversation_list
from whatsapp import limits

register = template.Library()


@register.simple_tag
def module_script(name: str) -> SafeString:
    """{% module_script "js/app.js" %}: an ES module of ours, and what it imports fetched beside it instead of one
    level of imports after the other."""
    *imported, script = module_addresses(name)
    links = format_html_join("\n", '<link rel="modulepreload" href="{}">', ((address,) for address in imported))
    return format_html('{}\n<script type="module" src="{}"></script>', links, script)


@register.simple_tag
def script_catalogue() -> SafeString:
    """{% script_catalogue %}: the sentences of the scripts, for pages in other languages than English."""
    return catalogue.script(get_language() or "")


@register.simple_tag
def script_rules() -> SafeString:
    """{% script_rules %}: what static/js/page/rules.js knows of how the server groups, marks and cuts."""
    rules = {
        **days.RULES,
        "closing_soon": conversation_list.CLOSING_SOON.seconds,
        "caption_limit": limits.CAPTION,
    }
    return flatatt({f"data-{name.replace('_', '-')}": str(value) for name, value in rules.items()})
