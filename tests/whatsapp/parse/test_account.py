"""What WhatsApp tells about our numbers, accounts, templates and groups: one sentence, and what rows keep of it."""

from __future__ import annotations

import pytest

from tests.whatsapp.parse.support import AT, LEAF, NUMBER, notification, only, read
from whatsapp.events import NumberChanged, TemplateChanged
from whatsapp.parse import parse

US = "351215550100"


def changed(field: str, summary: str, *, display: str = "", **fields: object) -> NumberChanged:
    """An update that names no number but by its digits, as most do."""
    place = {"waba_id": NUMBER["waba_id"], "display_phone_number": display, "at": AT, "path": LEAF}
    return NumberChanged(**(place | {"webhook_field": field, "summary": summary} | fields))


def template(name: str, field: str, facts: str, **fields: object) -> TemplateChanged:
    return TemplateChanged(
        **(
            {
                "waba_id": NUMBER["waba_id"],
                "at": AT,
                "path": LEAF,
                "webhook_field": field,
                "template_id": "5500112233",
                "name": "order_ready",
                "language": "pt_PT",
                "summary": f"Template order_ready (pt_PT): {facts}.",
            }
            | fields
        )
    )


class TemplateTests:
    @pytest.mark.parametrize(
        ("name", "field", "facts", "kept"),
        [
            (
                "template_approved",
                "message_template_status_update",
                "now approved, category utility",
                {"status": "APPROVED", "category": "UTILITY"},
            ),
            (
                "template_rejected",
                "message_template_status_update",
                "now rejected, category marketing, because invalid format",
                {"status": "REJECTED", "category": "MARKETING", "reason": "INVALID_FORMAT"},
            ),
            (
                "template_paused",
                "message_template_status_update",
                "now paused, because Paused for 3 hours",
                {"status": "PAUSED", "reason": "Paused for 3 hours"},
            ),
            ("template_quality", "message_template_quality_update", "quality red", {"quality": "RED"}),
            ("template_components", "message_template_components_update", "changed", {}),
            ("template_category", "template_category_update", "category marketing", {"category": "MARKETING"}),
            (
                "template_category_soon",
                "template_category_update",
                "category utility, category soon marketing",
                {"category": "UTILITY"},
            ),
            (
                "template_category_wrong",
                "template_correct_category_detection",
                "category utility, category should be marketing",
                {"category": "UTILITY"},
            ),
        ],
    )
    def test_every_field_about_templates(self, name: str, field: str, facts: str, kept: dict[str, str]) -> None:
        assert only(name) == template(name, field, facts, **kept)


class NumberTests:
    @pytest.mark.parametrize(
        ("name", "summary", "changes"),
        [
            ("number_flagged", "Quality: flagged, limit TIER_2K.", {"quality": "RED", "messaging_limit": "TIER_2K"}),
            (
                "number_no_longer_flagged",
                "Quality: unflagged, limit TIER_2K.",
                {"quality": "UNKNOWN", "messaging_limit": "TIER_2K"},
            ),
            (
                "number_throughput",
                "Throughput was upgraded.",
                {"throughput": "HIGH", "messaging_limit": "TIER_UNLIMITED"},
            ),
        ],
    )
    def test_its_quality_and_limit(self, name: str, summary: str, changes: dict[str, str]) -> None:
        assert only(name) == changed("phone_number_quality_update", summary, display=US, changes=changes)

    def test_a_name_that_was_approved_is_kept(self) -> None:
        assert only("number_name_approved") == changed(
            "phone_number_name_update",
            "Display name Norte Molduras: approved.",
            display=US,
            changes={"verified_name": "Norte Molduras"},
        )

    def test_a_name_that_was_rejected_is_not(self) -> None:
        assert only("number_name_rejected") == changed(
            "phone_number_name_update", "Display name The Best Frames: rejected, name not allowed.", display=US
        )

    @pytest.mark.parametrize(("name", "limit", "numbers"), [("limits", "2000", "20"), ("limits_of_old", "1000", "25")])
    def test_limits_before_and_since_version_24(self, name: str, limit: str, numbers: str) -> None:
        assert only(name) == changed(
            "business_capability_update",
            f"Limits: messaging limit {limit}, up to {numbers} phone numbers.",
            changes={"messaging_limit": limit},
        )

    @pytest.mark.parametrize(
        ("name", "field", "summary"),
        [
            (
                "security",
                "security",
                f"Security: display phone number: {US}, event: pin changed, requester: 900112233.",
            ),
            (
                "business_username",
                "business_username_update",
                f"Business username update: display phone number: {US}, username: nortemolduras, status: approved.",
            ),
            (
                "business_usernames",
                "business_username_updates",
                f"Business username updates: display phone number: {US}, username: nortemolduras, status: reserved.",
            ),
        ],
    )
    def test_other_words_about_a_number(self, name: str, field: str, summary: str) -> None:
        assert only(name) == changed(field, summary, display=US)


class AccountTests:
    @pytest.mark.parametrize(
        ("name", "field", "summary"),
        [
            (
                "account_restricted",
                "account_update",
                "Account: account restriction, restriction type: restricted biz initiated messaging, "
                "expiration: 2025-10-10 08:53 UTC.",
            ),
            ("account_violation", "account_update", "Account: account violation, violation type: alcohol."),
            (
                "account_banned",
                "account_update",
                "Account: disabled update, ban state: schedule for disable, ban date: October 20, 2025.",
            ),
            ("account_review_update", "account_review_update", "Account review update: decision: approved."),
            ("field_misplaced", "account_update", "Account: partner app uninstalled."),
            ("flows", "flows", "The flow Measure went from DRAFT to PUBLISHED."),
            ("account_alerts", "account_alerts", "Alert (informational): oba approved: Sample."),
            (
                "partner_solutions",
                "partner_solutions",
                "Partner solutions: event: solution created, solution id: 770011, solution status: initiated.",
            ),
            (
                "payment_configuration",
                "payment_configuration_update",
                "Payment configuration update: configuration name: norte-pay, provider name: payu, "
                "status: Needs Testing.",
            ),
        ],
    )
    def test_every_field_is_a_sentence(self, name: str, field: str, summary: str) -> None:
        assert only(name) == changed(field, summary)

    def test_settings_are_those_of_the_number_they_name(self) -> None:
        assert only("account_settings_update") == changed(
            "account_settings_update",
            "Account settings update: type: phone number settings, phone number id: 200000000000001, status: enabled.",
            phone_number_id=NUMBER["phone_number_id"],
        )

    def test_an_alert_about_a_number_is_kept_with_it(self) -> None:
        alert = {"entity_type": "PHONE_NUMBER", "entity_id": 200000000000009, "alert_info": {"alert_type": "X"}}
        (event,) = parse(notification({}, field="account_alerts", metadata=None, **alert))
        assert isinstance(event, NumberChanged)
        assert (event.phone_number_id, event.summary) == ("200000000000009", "Alert (of unknown weight): x.")

    def test_facts_are_told_from_the_depth_and_not_without_end(self) -> None:
        deep: object = "far down"
        for _ in range(40):
            deep = {"deep": deep}
        value = {"a": {"b": [{"c_d": True}, {"c_d": False}]}, "deep": deep, "many": list(range(1000))}
        (event,) = parse(notification({}, field="security", **value))
        assert isinstance(event, NumberChanged)
        assert event.summary.startswith("Security: c d: yes, c d: no, many: 0, many: 1, ")
        assert len(event.summary) < 500

    def test_a_partner_is_kept_with_the_account_and_not_with_the_portfolio(self) -> None:
        assert only("partner_added") == changed("account_update", "Account: partner added.")

    def test_control_passed_between_an_ai_agent_and_us(self) -> None:
        update, _line = read("messaging_handovers")
        assert update == changed(
            "messaging_handovers", "AI agent's conversation: control passed, with 351915550123.", **NUMBER
        )

    def test_an_event_found_in_a_conversation(self) -> None:
        event = only("automatic_events")
        assert (event.webhook_field, event.phone_number_id) == ("automatic_events", NUMBER["phone_number_id"])

    def test_a_sentence_has_an_end_however_much_there_is_to_say(self) -> None:
        (event,) = parse(notification({}, field="security", **{f"key{index}": "x" * 1000 for index in range(100)}))
        assert isinstance(event, NumberChanged)
        assert len(event.summary) == 500
