"""The environment of the compiled templates in templates/jinja: what they can use besides their context."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from django.urls import reverse
from jinja2 import Environment, StrictUndefined, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.ext import Extension

from core.translation import gettext
from inbox.web import icons

#: An indented line that begins with an attribute goes on with the tag of the line before.
ATTRIBUTE = re.compile(r"\n +(?=[a-z][a-z-]*[=> {\n])")


class JoinTags(Extension):
    """Tags that are written over several lines take one in the page: it is smaller, and as easy to search."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return ATTRIBUTE.sub(" ", source)


class AttributesOnly(CodeGenerator):
    """``a.b`` is an attribute and nothing else. Jinja also tries items, which takes several times longer."""

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:
        self.visit(node.node, frame)
        self.write(f".{node.attr}")


class PageEnvironment(Environment):
    code_generator_class = AttributesOnly


def environment(**options: Any) -> PageEnvironment:
    """Everything that is not a SafeString is escaped; a name that the context lacks is an error."""
    options |= {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True, "extensions": [JoinTags]}
    made = PageEnvironment(autoescape=True, **{name: value for name, value in options.items() if name != "autoescape"})
    made.globals |= {"_": gettext, "icon": icons.icon, "url": url, "admin_message": admin_message}
    return made


def url(name: str, *arguments: object) -> str:
    return reverse(name, args=arguments)


@cache
def _messages_in_admin() -> str:
    return reverse("admin:index") + "inbox/message/"


def admin_message(message_id: str) -> str:
    """Where an administrator reads a message as WhatsApp sent it."""
    return f"{_messages_in_admin()}{message_id}/change/"
