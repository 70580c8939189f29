"""Scripts of pages."""

from __future__ import annotations

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from core.static_files import module_addresses

register = template.Library()


@register.simple_tag
def module_script(name: str) -> SafeString:
    """{% module_script "js/app.js" %}: an ES module of ours, and what it imports fetched beside it instead of one
    level of imports after the other."""
    *imported, script = module_addresses(name)
    links = format_html_join("\n", '<link rel="modulepreload" href="{}">', ((address,) for address in imported))
    return format_html('{}\n<script type="module" src="{}"></script>', links, script)
