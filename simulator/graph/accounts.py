"""The Graph API's account side: numbers, message templates, the webhook subscription, the business profile."""

from __future__ import annotations

import base64
import secrets
import time
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, JsonResponse

from simulator.graph import files, messages
from simulator.graph.validation.definitions import check_definition
from simulator.network import script, world
from simulator.network.errors import GraphError, unknown_object
from simulator.network.script import Target
from simulator.network.world import Number
from simulator.web import SimulatorRequest, graph_body, require_token

_TEMPLATE_FIELDS = ("name", "parameter_format", "components", "language", "status", "category", "id")
_TEMPLATE_SUMMARY = {"message_template_limit": 6000, "are_translations_complete": True}
_PROFILE = {
    "about": "Bicycles for people who carry things.",
    "address": "Rua do Alecrim 40, 1200-018 Lisboa",
    "description": "We build, sell and mend cargo bikes.",
    "email": "hello@norte.example",
    "websites": ["https://norte.example/"],
    "vertical": "RETAIL",
    "messaging_product": "whatsapp",
}
_PROFILE_LIMITS = {"about": 139, "address": 256, "description": 512, "email": 128}


def node(request: SimulatorRequest, node_id: str) -> HttpResponse:
    """/{version}/{id}: a number, a message template, a file, or the account."""
    require_token(request)
    number = world.meta_number(node_id)
    if number is not None:
        return _number(request, number)
    if node_id == world.WABA_ID and request.method == "GET":
        account = {"id": world.WABA_ID, "name": "Norte Bicycles", "timezone_id": "95", "currency": "EUR"}
        return JsonResponse(_chosen(account | {"message_template_namespace": "norte_simulated"}, request, "id", "name"))
    template = next((each for each in request.exchange.store.templates() if each["id"] == node_id), None)
    if template is not None:
        return _template(request, template)
    return files.node(request, node_id)


def edge(request: SimulatorRequest, node_id: str, name: str) -> HttpResponse:
    """/{version}/{id}/{name}: what hangs on a number or on the account."""
    require_token(request)
    number = world.meta_number(node_id)
    if number is not None:
        if name == "messages" and request.method == "POST":
            return messages.messages(request, number)
        if name == "media" and request.method == "POST":
            return script.played(request.exchange.store, Target.UPLOAD, lambda: files.upload(request, number))
        if name == "whatsapp_business_profile":
            return _profile(request, number)
    elif node_id == world.WABA_ID:
        if name == "phone_numbers" and request.method == "GET":
            return _page(request, [_chosen(_about(each), request) for each in world.NUMBERS if not each.aws_id])
        if name == "message_templates":
            return _templates(request)
        if name == "subscribed_apps":
            return _subscription(request)
    else:
        raise unknown_object(node_id, request.method or "get")
    raise GraphError(2500, message=f"Unknown path components: /{name}")


def nothing(request: SimulatorRequest, path: str) -> HttpResponse:
    """Any other versioned path."""
    require_token(request)
    raise GraphError(2500, message=f"Unknown path components: /{path}")


def _chosen(record: dict[str, Any], request: SimulatorRequest, *default: str) -> dict[str, Any]:
    """The fields that ``?fields=`` asks for; the id always."""
    asked = request.GET.get("fields", "")
    # "throughput{level}" asks for a part; Meta answers with the whole object too.
    names = [name.split("{")[0].strip() for name in asked.split(",") if name.strip()] or list(default)
    return {key: record[key] for key in (*names, "id") if key in record} if names else record


def _about(number: Number) -> dict[str, Any]:
    return {
        "verified_name": number.name,
        "code_verification_status": "VERIFIED",
        "display_phone_number": number.display,
        "quality_rating": "GREEN",
        "platform_type": "CLOUD_API",
        "throughput": {"level": "STANDARD"},
        "status": "CONNECTED",
        "name_status": "APPROVED",
        "whatsapp_business_manager_messaging_limit": "TIER_2K",
        "is_official_business_account": False,
        "account_mode": "LIVE",
        "id": number.phone_number_id,
    }


_NUMBER_DEFAULT = ("verified_name", "code_verification_status", "display_phone_number", "quality_rating", "throughput")


def _number(request: SimulatorRequest, number: Number) -> HttpResponse:
    if request.method != "GET":
        raise GraphError(100, message="(#100) The simulator does not change the settings of a number")
    record = _about(number) | {"webhook_configuration": {"application": request.exchange.courier.url}}
    return JsonResponse(_chosen(record, request, *_NUMBER_DEFAULT))


def _profile(request: SimulatorRequest, number: Number) -> HttpResponse:
    store = request.exchange.store
    key = f"profile {number.phone_number_id}"
    profile = _PROFILE | (store.setting(key) or {})
    if request.method == "GET":
        return JsonResponse({"data": [_chosen(profile, request)]})
    if request.method != "POST":
        raise GraphError(100, message="(#100) Unsupported method")
    body = graph_body(request)
    for name, limit in _PROFILE_LIMITS.items():
        if len(str(body.get(name, ""))) > limit:
            raise GraphError(131009, f"{name} can have at most {limit} characters.")
    store.set_setting(key, profile | {name: body[name] for name in _PROFILE if name in body})
    return JsonResponse({"success": True})


def _subscription(request: SimulatorRequest) -> HttpResponse:
    """Without a subscription Meta posts no webhooks, and says nothing."""
    store = request.exchange.store
    if request.method == "GET":
        app = {"id": world.APP_ID, "link": "https://norte.example/", "name": "Norte inbox"}
        subscribed = [] if store.setting("unsubscribed") else [{"whatsapp_business_api_data": app}]
        return JsonResponse({"data": subscribed})
    if graph_body(request).get("override_callback_uri"):
        raise GraphError(100, message="(#100) The simulator posts to the address it was started with (--webhook-url)")
    store.set_setting("unsubscribed", request.method == "DELETE")
    return JsonResponse({"success": True})


def _page(
    request: SimulatorRequest, records: list[dict[str, Any]], *, summary: dict[str, Any] | None = None
) -> HttpResponse:
    """One page of a list, with Meta's cursors; ``?summary=`` asks for parts of the summary."""
    limit = request.GET.get("limit", "25")
    size = min(max(int(limit), 1), 1000) if limit.isdigit() else 25
    start = _cursor(request.GET.get("after"), 0)
    before = request.GET.get("before")
    if before:
        end = _cursor(before, 1) - 1
        start = max(end - size, 0)
        size = end - start
    page = records[start : start + size]
    answer: dict[str, Any] = {"data": page}
    if page:
        cursors = {"before": _as_cursor(start + 1), "after": _as_cursor(start + len(page))}
        answer["paging"] = {"cursors": cursors}
        query = request.GET.copy()
        query.pop("before", None)
        query.pop("access_token", None)
        query.pop("after", None)
        address = f"{request.exchange.origin}{request.path}?{query.urlencode()}"
        if start + size < len(records):
            answer["paging"]["next"] = f"{address}&{urlencode({'after': cursors['after']})}"
        if start:
            answer["paging"]["previous"] = f"{address}&{urlencode({'before': cursors['before']})}"
    asked = request.GET.get("summary", "").split(",")
    if summary and asked != [""]:
        answer["summary"] = {name: summary[name] for name in asked if name in summary}
    return JsonResponse(answer)


def _as_cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"at:{position}".encode()).decode()


def _cursor(text: str | None, default: int) -> int:
    if not text:
        return default
    try:
        return max(int(base64.urlsafe_b64decode(text).decode().removeprefix("at:")), 0)
    except ValueError:
        raise GraphError(100, message="(#100) Invalid cursor") from None


def _templates(request: SimulatorRequest) -> HttpResponse:
    store = request.exchange.store
    templates = store.templates()
    if request.method == "POST":
        return _create_template(request, templates)
    if request.method == "DELETE":
        name, one = request.GET.get("name", ""), request.GET.get("hsm_id", "")
        doomed = [each for each in templates if each["name"] == name and one in ("", each["id"])]
        if not doomed:
            raise GraphError(100, message="(#100) Message template was not found")
        for each in doomed:
            store.delete_template(each["id"])
        return JsonResponse({"success": True})
    for field in ("name", "status", "category", "language"):
        asked = request.GET.get(field)
        if asked:
            templates = [each for each in templates if each[field].lower() == asked.lower()]
    summary = {"total_count": len(templates), "message_template_count": len(store.templates())} | _TEMPLATE_SUMMARY
    records = [_chosen(each, request, *_TEMPLATE_FIELDS) for each in templates]
    return _page(request, records, summary=summary)


def _create_template(request: SimulatorRequest, templates: list[dict[str, Any]]) -> HttpResponse:
    body = graph_body(request)
    for name in ("name", "language", "category", "components"):
        if not body.get(name):
            raise GraphError(100, message=f"(#100) The parameter {name} is required.")
    check_definition(body)
    if any((each["name"], each["language"]) == (body["name"], body["language"]) for each in templates):
        raise GraphError(100, message="(#100) There is already content in this language for this template")
    template = {
        "id": str(4 * 10**14 + secrets.randbelow(10**14)),
        "status": "PENDING",
        "parameter_format": "POSITIONAL",
    } | {name: body[name] for name in ("name", "language", "components")}
    template["category"] = str(body["category"]).upper()
    if body.get("parameter_format"):
        template["parameter_format"] = str(body["parameter_format"]).upper()
    # Reviewed in a second here; the answer still says PENDING, as Meta's does.
    request.exchange.store.save_template(template | {"status": "APPROVED"})
    value = {
        "event": "APPROVED",
        "message_template_id": int(template["id"]),
        "message_template_name": template["name"],
        "message_template_language": template["language"],
        "message_template_category": template["category"],
        "reason": "NONE",
    }
    request.exchange.post("message_template_status_update", value, delay=1)
    return JsonResponse({"id": template["id"], "status": "PENDING", "category": template["category"]})


def _template(request: SimulatorRequest, template: dict[str, Any]) -> HttpResponse:
    store = request.exchange.store
    if request.method == "GET":
        return JsonResponse(_chosen(template, request, *_TEMPLATE_FIELDS))
    if request.method == "POST":
        body = graph_body(request)
        changes = {name: body[name] for name in ("components", "category") if name in body}
        check_definition(template | changes)
        store.save_template(template | changes | {"edited_at": int(time.time())})
        return JsonResponse({"success": True})
    raise GraphError(100, message="(#100) Delete a message template by its name on the account")
