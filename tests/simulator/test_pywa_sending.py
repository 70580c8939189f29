"""pywa sends one of each kind, and every refusal arrives as the error that pywa knows it by."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from pywa import WhatsApp, errors
from pywa import types as pywa_types
from pywa.types import templates

from simulator.samples import catalog
from tests.simulator.conftest import AMARA, Api, Endpoint

ENGLISH = templates.TemplateLanguage.ENGLISH_US
pytestmark = pytest.mark.usefixtures("chat")


def upload(client: WhatsApp, word: str) -> str:
    sample = catalog.make(word)
    media = client.upload_media(sample.content, mime_type=sample.mime_type, filename=sample.file_name)
    assert media
    return str(media.id)


def shown(api: Api) -> dict[str, Any]:
    """What the newest message looks like on the customer's phone, as WhatsApp describes it."""
    message = api.messages()[-1]
    leaf: dict[str, Any] = message["leaf"][message["kind"]]
    return leaf


def filled_in(template: dict[str, Any]) -> list[str]:
    """The values that came with a template, in order: texts as they are, of anything larger the parts by name."""
    found: list[str] = []
    for component in template["components"]:
        for parameter in component["parameters"]:
            value = parameter[parameter["type"]]
            found += [value] if isinstance(value, str) else [str(value[key]) for key in sorted(value) if value[key]]
    return found


class KindTests:
    def delivered(self, endpoint: Endpoint, count: int = 1) -> None:
        endpoint.wait(lambda: [each["status"] for each in endpoint.statuses()].count("delivered") == count)

    def test_it_answers_reacts_and_takes_it_back(self, client: WhatsApp, api: Api, chat: Endpoint) -> None:
        asked = api.messages()[0]["wamid"]
        client.send_message(AMARA, "Quoting you", reply_to_message_id=asked)
        client.send_reaction(AMARA, emoji="🚲", message_id=asked)
        client.remove_reaction(AMARA, message_id=asked)

        self.delivered(chat)
        assert api.messages()[1]["leaf"]["context"] == {"message_id": asked}
        assert [each["leaf"]["reaction"]["emoji"] for each in api.messages()[2:]] == ["🚲", ""]
        assert {each["status"] for each in chat.statuses()} == {"sent", "delivered"}

    @pytest.mark.parametrize("word", ["image", "video", "document"])
    def test_it_sends_a_file_with_buttons(self, client: WhatsApp, api: Api, chat: Endpoint, word: str) -> None:
        send = getattr(client, f"send_{word}")
        more = {"filename": "Fatura.pdf"} if word == "document" else {}

        buttons = [pywa_types.Button("Friday", callback_data="fri")]
        file = upload(client, word)
        send(AMARA, file, caption="Which?", buttons=buttons, **more)

        self.delivered(chat)
        assert shown(api)["header"] == {"type": word, word: {"id": file} | more}
        assert shown(api)["body"] == {"text": "Which?"}
        (button,) = shown(api)["action"]["buttons"]
        assert button["reply"] == {"id": "fri", "title": "Friday"}
        assert client.get_media_bytes(url=client.get_media_url(file).url) == catalog.make(word).content

    @pytest.mark.parametrize(
        ("button", "kind", "parameters"),
        [
            (
                pywa_types.URLButton(title="Look", url="https://norte.example/"),
                "cta_url",
                {"display_text": "Look", "url": "https://norte.example/"},
            ),
            (pywa_types.ContactInfoRequestButton(), "request_contact_info", {}),
            (
                pywa_types.FlowButton(title="Fill in", flow_id="700000000000001", flow_token="service-7"),
                "flow",
                {"flow_cta": "Fill in", "flow_id": "700000000000001", "flow_token": "service-7"},
            ),
        ],
    )
    def test_it_sends_a_link_a_request_and_a_form(
        self, client: WhatsApp, api: Api, chat: Endpoint, button: Any, kind: str, parameters: dict[str, str]
    ) -> None:
        client.send_message(AMARA, "Please", buttons=button)

        self.delivered(chat)
        assert (shown(api)["type"], shown(api)["body"]) == (kind, {"text": "Please"})
        assert parameters.items() <= shown(api)["action"].get("parameters", {}).items()

    @pytest.mark.parametrize(
        ("name", "language", "params", "values"),
        [
            (
                "delivery_film",
                ENGLISH,
                lambda client: [
                    templates.HeaderVideo.params(video=upload(client, "video")),
                    templates.BodyText.params(first_name="Amara", bike="Cargo 2"),
                    templates.QuickReplyButton.params(callback_data="here", index=0),
                ],
                ["FILE", "Amara", "Cargo 2", "here"],
            ),
            (
                "invoice_ready",
                ENGLISH,
                lambda client: [
                    templates.HeaderDocument.params(document=upload(client, "document"), filename="Fatura.pdf"),
                    templates.BodyText.params("NC2-40817", "10 €", "Friday"),
                    templates.URLButton.params(url_variable="NC2-40817", index=0),
                ],
                ["Fatura.pdf", "FILE", "NC2-40817", "10 €", "Friday", "NC2-40817"],
            ),
            (
                "pickup_point",
                ENGLISH,
                lambda client: [
                    templates.HeaderLocation.params(lat=38.71, lon=-9.14, name="Workshop", address="Rua do Alecrim 40"),
                    templates.BodyText.params("Cargo 2", "Saturday"),
                ],
                ["Rua do Alecrim 40", "38.71", "-9.14", "Workshop", "Cargo 2", "Saturday"],
            ),
            (
                "spring_code",
                ENGLISH,
                lambda client: [
                    templates.HeaderText.params(first_name="Amara"),
                    templates.BodyText.params(percent="20 %", day="Sunday"),
                    templates.CopyCodeButton.params(coupon_code="SPRING20", index=0),
                ],
                ["Amara", "20 %", "Sunday", "SPRING20"],
            ),
            (
                "service_form",
                ENGLISH,
                lambda client: [
                    templates.HeaderText.params("40817"),
                    templates.BodyText.params("Cargo 2"),
                    templates.FlowButton.params(index=0, flow_token="service-7"),
                ],
                ["40817", "Cargo 2", "service-7"],
            ),
            (
                "feedback_request",
                templates.TemplateLanguage.SPANISH_SPA,
                lambda client: [templates.BodyText.params("Lucía", "Cargo 2")],
                ["Lucía", "Cargo 2"],
            ),
        ],
    )
    def test_it_sends_every_kind_of_template(
        self,
        client: WhatsApp,
        api: Api,
        chat: Endpoint,
        name: str,
        language: templates.TemplateLanguage,
        params: Any,
        values: list[str],
    ) -> None:
        assert client.send_template(AMARA, name, language, params(client)).id.startswith("wamid.")

        self.delivered(chat)
        file = api.messages()[-1]["media_id"]
        assert (shown(api)["name"], shown(api)["language"]["code"]) == (name, language.value)
        assert filled_in(shown(api)) == [file if value == "FILE" else value for value in values]

    def test_it_reads_every_component_of_the_templates(self, client: WhatsApp) -> None:
        listed = list(client.get_templates(pagination=pywa_types.Pagination(limit=100)))

        kinds = {type(component).__name__ for template in listed for component in template.components}
        words = "HeaderText HeaderImage HeaderVideo HeaderDocument HeaderLocation BodyText FooterText Buttons Carousel"
        assert set(words.split()) <= kinds
        assert {str(template.status.value) for template in listed} == {
            "APPROVED",
            "PENDING",
            "REJECTED",
            "PAUSED",
            "DISABLED",
        }


class RefusalTests:
    @pytest.mark.parametrize(
        ("name", "params", "error"),
        [
            ("no_such", [], errors.TemplateNotExists),
            ("winter_sale", [], errors.TemplateNotExists),
            ("old_reminder", [], errors.TemplatePaused),
            ("autumn_reminder", [], errors.TemplateDisabled),
            ("hello_world", [templates.BodyText.params("a")], errors.TemplateParamCountMismatch),
            (
                "appointment_reminder",
                [templates.BodyText.params("a", "b", "c")],
                errors.TemplateParamFormatMismatch,
            ),
            (
                "appointment_reminder",
                [templates.BodyText.params(first_name="a" * 1024, day="b", time="c")],
                errors.TemplateTextTooLong,
            ),
            ("spring_service", [], errors.MissingRequiredParameter),
        ],
    )
    def test_a_template(self, client: WhatsApp, name: str, params: list[Any], error: type[Exception]) -> None:
        with pytest.raises(error):
            client.send_template(AMARA, name, ENGLISH, params)

    def test_a_login_code_to_somebody_without_a_number(self, client: WhatsApp) -> None:
        params = [templates.BodyText.params("402817"), templates.URLButton.params(url_variable="402817", index=0)]

        with pytest.raises(errors.BSUIDRecipientNotSupported):
            client.send_template("PL.80125550417736620", "login_code", ENGLISH, params)

    def test_oneself(self, client: WhatsApp) -> None:
        with pytest.raises(errors.RecipientCannotBeSender):
            client.send_message("+351215550100", "Hello")

    def test_too_many_buttons(self, client: WhatsApp) -> None:
        buttons = [pywa_types.Button(f"Button {n}", callback_data=str(n)) for n in range(4)]

        with pytest.raises(errors.InvalidParameter):
            client.send_message(AMARA, "Which?", buttons=buttons)

    @pytest.mark.parametrize(
        ("code", "error"),
        [
            (190, errors.ExpiredAccessToken),
            (4, errors.ToManyAPICalls),
            (130429, errors.RateLimitHit),
            (131056, errors.TooManyMessages),
            (131048, errors.SpamRateLimitHit),
            (131000, errors.UnknownError),
            (131016, errors.ServiceUnavailable),
            (131047, errors.ReEngagementMessage),
            (131026, errors.MessageUndeliverable),
            (131031, errors.AccountLocked),
            (132069, errors.FlowThrottled),
            (368, errors.TemporarilyBlocked),
        ],
    )
    def test_what_was_planned(self, client: WhatsApp, api: Api, code: int, error: type[Exception]) -> None:
        api.script({"code": code})

        with pytest.raises(error):
            client.send_message(AMARA, "Good morning")
        assert client.send_message(AMARA, "Good morning").id

    def test_a_dead_token_and_a_burst(self, client: WhatsApp, api: Api) -> None:
        api.faults(token_dead=True)
        with pytest.raises(errors.ExpiredAccessToken):
            client.send_message(AMARA, "Good morning")
        api.faults(token_dead=False)

        for _ in range(45):
            client.send_message(AMARA, "Good morning")
        with pytest.raises(errors.TooManyMessages):
            client.send_message(AMARA, "Good morning")

    def test_the_closed_window_at_once(self, client: WhatsApp, api: Api) -> None:
        api.faults(window_error="at_once", window_closed_at=4e9)

        with pytest.raises(errors.ReEngagementMessage):
            client.send_message(AMARA, "Good morning")

    def test_the_line_and_the_plug(self, client: WhatsApp, api: Api) -> None:
        api.script({"line": "before"})
        with pytest.raises(httpx.RemoteProtocolError):
            client.send_message(AMARA, "Good morning")

        api.pull_plug()
        with pytest.raises(httpx.ConnectError):
            client.send_message(AMARA, "Good morning")
        api.put_plug_in()
        assert client.send_message(AMARA, "Good morning").id
