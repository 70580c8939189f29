"""Message templates: the fields of a synced definition, checking values, rendering, and the JSON to send.

A definition is Meta's ``components`` as the account's list gives them (Meta "Message templates" and "Template
components", Nov 2025).

Values have one shape: ``{"header": […] | {…}, "body": […] | {…}, "buttons": {"0": "…"}}``. Lists fill the
placeholders in their order ({{1}} before {{2}}, named ones as they first appear), objects fill them by name. A location
header takes ``latitude``, ``longitude``, ``name`` and ``address``. A header's file is not among the values: it is the
message's file.
"""

from whatsapp.message_templates.checking import check
from whatsapp.message_templates.form import Field, TemplateForm, parse
from whatsapp.message_templates.message import parameters
from whatsapp.message_templates.rendering import Button, Card, Rendered, render

__all__ = ["Button", "Card", "Field", "Rendered", "TemplateForm", "check", "parameters", "parse", "render"]
