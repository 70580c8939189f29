"""Tests of AWS's provider: every call against botocore's own model of the service, and what its faults mean."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber

from tests import aws_payloads
from tests.aws_answers import aws_at
from tests.whatsapp.lines import Line, LineServer
from whatsapp.models import PhoneNumber
from whatsapp.providers.aws import client
from whatsapp.providers.aws.provider import AwsProvider
from whatsapp.providers.base import (
    Accepted,
    CopiesMedia,
    NumberInfo,
    ProviderError,
    S3Object,
    ServesMedia,
    StoredFile,
    TemplateInfo,
    provider_for,
)

AWS_ID = aws_payloads.AWS_ID
UUID = "2abadc50-b548-4045-82d1-f5bdd677ea8d"
BODY = {"messaging_product": "whatsapp", "to": "+351915550123", "type": "text", "text": {"body": "Olá 🚲"}}


@pytest.fixture(autouse=True)
def own_clients(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.WHATSAPP_AWS_ACCESS_KEY_ID, settings.WHATSAPP_AWS_SECRET_ACCESS_KEY = "TESTKEY", "test-secret"
    settings.WHATSAPP_AWS_REGION = aws_payloads.REGION
    monkeypatch.setattr(client, "_clients", {})


@pytest.fixture
def number() -> PhoneNumber:
    return PhoneNumber(
        provider="aws", phone_number_id="200000000000001", aws_phone_number_id=AWS_ID, waba_id="100000000000001"
    )


@pytest.fixture
def provider(number: PhoneNumber) -> AwsProvider:
    return AwsProvider(number)


@pytest.fixture
def stub() -> Iterator[Stubber]:
    with Stubber(client.client("socialmessaging", aws_payloads.REGION)) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def stored(place: S3Object | None) -> StoredFile:
    return StoredFile("image/jpeg", "photo.jpg", lambda: nullcontext(), place)  # type: ignore[arg-type,return-value]


class ProviderTests:
    def test_it_is_found_by_the_numbers_provider(self, number: PhoneNumber) -> None:
        found = provider_for(number)
        assert isinstance(found, AwsProvider)
        assert isinstance(found, CopiesMedia)
        assert not isinstance(found, ServesMedia)

    def test_numbers_in_two_regions_have_clients_of_their_own(self, number: PhoneNumber) -> None:
        other = PhoneNumber(provider="aws", aws_phone_number_id=AWS_ID, aws_region="us-east-1")
        regions = [AwsProvider(each)._client().meta.region_name for each in (number, other)]
        assert regions == ["eu-central-1", "us-east-1"]

    @pytest.mark.parametrize("region", ["europe", "eu-central-1.evil.example", "", "eu-central-1\n"])
    def test_a_region_that_is_none_is_said(self, number: PhoneNumber, settings: Any, region: str) -> None:
        settings.WHATSAPP_AWS_REGION = region
        with pytest.raises(ProviderError, match="Region") as caught:
            AwsProvider(number).send(BODY)
        assert not caught.value.may_have_sent

    @pytest.mark.parametrize("identifier", ["", "xyz", "phone-number-id-", "phone-number-id-a/../b", "waba-123"])
    def test_an_id_that_is_none_is_not_sent(self, number: PhoneNumber, stub: Stubber, identifier: str) -> None:
        number.aws_phone_number_id = identifier
        with pytest.raises(ProviderError, match="AWS phone number ID"):
            AwsProvider(number).send(BODY)

    def test_an_arn_is_as_good_as_an_id(self, number: PhoneNumber, stub: Stubber) -> None:
        number.aws_phone_number_id = aws_payloads.number_arn()
        expected = {"originationPhoneNumberId": AWS_ID, "mediaId": "7"}
        stub.add_response("delete_whatsapp_message_media", {"success": True}, expected)
        AwsProvider(number).delete_media("7")


class SendTests:
    def test_it_works(self, provider: AwsProvider, stub: Stubber) -> None:
        stub.add_response(
            "send_whatsapp_message",
            {"messageId": UUID},
            {
                "originationPhoneNumberId": AWS_ID,
                "message": json.dumps(BODY, separators=(",", ":"), ensure_ascii=False).encode(),
                "metaApiVersion": "v26.0",
            },
        )
        assert provider.send(BODY) == Accepted(wamid="", provider_message_id=UUID)

    def test_the_message_is_encoded_once_on_the_wire(self, provider: AwsProvider, settings: Any) -> None:
        with aws_at([(200, {"messageId": UUID})]) as server:
            settings.WHATSAPP_AWS_URL = server.url
            provider.send(BODY)
        (path, request) = server.requests[0]
        assert path == "/v1/whatsapp/send"
        assert json.loads(base64.b64decode(request["message"])) == BODY

    def test_a_read_mark_is_a_message(self, provider: AwsProvider, stub: Stubber) -> None:
        body = {
            "messaging_product": "whatsapp",
            "status": "read",
            "message_id": "wamid.X",
            "typing_indicator": {"type": "text"},
        }
        expected = {
            "originationPhoneNumberId": AWS_ID,
            "message": json.dumps(body, separators=(",", ":")).encode(),
            "metaApiVersion": "v26.0",
        }
        stub.add_response("send_whatsapp_message", {"messageId": UUID}, expected)
        provider.mark_read("wamid.X", typing=True)

    def test_an_answer_without_an_id_may_have_sent_it(self, provider: AwsProvider, stub: Stubber) -> None:
        stub.add_response("send_whatsapp_message", {})
        with pytest.raises(ProviderError) as caught:
            provider.send(BODY)
        assert caught.value.may_have_sent

    def test_a_message_larger_than_aws_takes_is_not_sent(self, provider: AwsProvider, stub: Stubber) -> None:
        with pytest.raises(ProviderError, match="larger"):
            provider.send({"text": "x" * 2_048_000})


class FaultTests:
    @pytest.mark.parametrize(
        ("name", "status", "retryable", "may_have_sent", "pauses"),
        [
            ("ValidationException", 400, False, False, False),
            ("InvalidParametersException", 400, False, False, False),
            ("LimitExceededException", 400, False, False, True),
            ("AccessDeniedException", 403, False, False, True),
            ("AccessDeniedByMetaException", 403, False, False, True),
            ("ResourceNotFoundException", 404, False, False, True),
            ("ThrottledRequestException", 429, True, False, False),
            ("InternalServiceException", 500, True, True, False),
            ("DependencyException", 502, True, True, False),
            ("UnrecognizedClientException", 403, False, False, True),
            ("InvalidSignatureException", 403, False, False, True),
            ("ExpiredTokenException", 403, False, False, True),
            ("SomethingNew", 409, False, False, False),
            ("SomethingNew", 503, True, True, False),
            ("SomethingNew", 302, True, True, False),
        ],
    )
    def test_each_exception_says_whether_to_repeat(
        self,
        provider: AwsProvider,
        stub: Stubber,
        name: str,
        status: int,
        retryable: bool,
        may_have_sent: bool,
        pauses: bool,
    ) -> None:
        stub.add_client_error("send_whatsapp_message", name, "Because", status)
        with pytest.raises(ProviderError) as caught:
            provider.send(BODY)
        error = caught.value
        assert (error.retryable, error.may_have_sent) == (retryable, may_have_sent)
        assert error.answered
        assert error.explanation.pauses_number is pauses
        assert name in str(error)
        assert error.explanation.problem.endswith(".") or error.explanation.problem.endswith("Because")

    def test_account_numbers_stay_out_of_the_words(self, provider: AwsProvider, stub: Stubber) -> None:
        words = "User: arn:aws:sts::123456789012:assumed-role/inbox is not authorized"
        stub.add_client_error("send_whatsapp_message", "AccessDeniedException", words, 403)
        with pytest.raises(ProviderError) as caught:
            provider.send(BODY)
        assert "123456789012" not in str(caught.value)
        assert "assumed-role/inbox" in str(caught.value)

    def test_nothing_is_repeated_by_the_client(self, provider: AwsProvider, settings: Any) -> None:
        with aws_at([(500, {"message": "no"}), (200, {"messageId": UUID})]) as server:
            settings.WHATSAPP_AWS_URL = server.url
            with pytest.raises(ProviderError):
                provider.send(BODY)
        assert len(server.requests) == 1

    def test_nobody_there_is_certainly_not_sent(self, provider: AwsProvider, settings: Any) -> None:
        settings.WHATSAPP_AWS_URL = "http://127.0.0.1:9"
        with pytest.raises(ProviderError, match="reach AWS") as caught:
            provider.send(BODY)
        assert caught.value.retryable
        assert not caught.value.may_have_sent

    def test_a_line_that_breaks_before_the_answer_is_in_doubt(self, provider: AwsProvider, settings: Any) -> None:
        with LineServer(Line.request) as server:
            settings.WHATSAPP_AWS_URL = server.url
            with pytest.raises(ProviderError) as caught:
                provider.send(BODY)
        assert caught.value.may_have_sent

    def test_an_answer_that_does_not_come_is_in_doubt(
        self, provider: AwsProvider, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(client.client, "__kwdefaults__", {"read_seconds": 0.3})
        with LineServer(Line.hold) as server:
            settings.WHATSAPP_AWS_URL = server.url
            with pytest.raises(ProviderError, match="in time") as caught:
                provider.send(BODY)
        assert caught.value.may_have_sent

    def test_an_answer_that_cannot_be_read_is_in_doubt(self, provider: AwsProvider, settings: Any) -> None:
        with aws_at([(200, "<html>")]) as server:
            settings.WHATSAPP_AWS_URL = server.url
            with pytest.raises(ProviderError) as caught:
                provider.send(BODY)
        assert caught.value.may_have_sent

    def test_a_machine_without_credentials_says_so(
        self, number: PhoneNumber, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.WHATSAPP_AWS_ACCESS_KEY_ID = settings.WHATSAPP_AWS_SECRET_ACCESS_KEY = ""
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
        monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        with pytest.raises(ProviderError, match="credentials") as caught:
            AwsProvider(number).send(BODY)
        assert not caught.value.may_have_sent
        assert caught.value.explanation.pauses_number


class MediaTests:
    PLACE = S3Object("inbox-media", "media/5b8f/")

    def test_a_file_is_copied_into_the_bucket(self, provider: AwsProvider, stub: Stubber) -> None:
        expected = {
            "originationPhoneNumberId": AWS_ID,
            "mediaId": "530339869524173",
            "destinationS3File": {"bucketName": "inbox-media", "key": "media/5b8f/"},
        }
        stub.add_response("get_whatsapp_message_media", {"mimeType": "image/jpeg", "fileSize": 78144}, expected)
        provider.copy_media("530339869524173", self.PLACE)

    def test_a_file_is_given_from_the_bucket(self, provider: AwsProvider, stub: Stubber) -> None:
        expected = {
            "originationPhoneNumberId": AWS_ID,
            "sourceS3File": {"bucketName": "inbox-media", "key": "media/5b8f.jpg"},
        }
        stub.add_response("post_whatsapp_message_media", {"mediaId": "1952146902351927"}, expected)
        assert provider.upload_media(stored(S3Object("inbox-media", "media/5b8f.jpg"))) == "1952146902351927"

    def test_without_a_bucket_it_says_what_to_do(self, provider: AwsProvider, stub: Stubber) -> None:
        with pytest.raises(ProviderError, match="S3_BUCKET"):
            provider.upload_media(stored(None))

    @pytest.mark.parametrize(
        "place", [S3Object("", "a"), S3Object("Bucket", "a"), S3Object("bucket", ""), S3Object("bucket", "a" * 1025)]
    )
    def test_a_place_that_aws_cannot_reach_is_not_asked_for(
        self, provider: AwsProvider, stub: Stubber, place: S3Object
    ) -> None:
        with pytest.raises(ProviderError, match="S3_BUCKET"):
            provider.copy_media("530339869524173", place)

    @pytest.mark.parametrize("media_id", ["", "2abadc50-b548-4045", "a b!", "../x", "a" * 101])
    def test_an_id_that_cannot_be_metas_is_not_sent(self, provider: AwsProvider, stub: Stubber, media_id: str) -> None:
        for act in (lambda: provider.copy_media(media_id, self.PLACE), lambda: provider.delete_media(media_id)):
            with pytest.raises(ProviderError, match="valid"):
                act()

    def test_a_file_that_is_gone_is_deleted(self, provider: AwsProvider, stub: Stubber) -> None:
        stub.add_client_error("delete_whatsapp_message_media", "ResourceNotFoundException", "", 404)
        provider.delete_media("7")


class AccountTests:
    DETAILS = {
        "phoneNumber": {
            "arn": aws_payloads.number_arn(),
            "phoneNumber": "+351215550100",
            "phoneNumberId": AWS_ID,
            "metaPhoneNumberId": "200000000000001",
            "displayPhoneNumberName": "Norte Service",
            "displayPhoneNumber": "+351 21 555 0100",
            "qualityRating": "GREEN",
        },
        "linkedWhatsAppBusinessAccountId": aws_payloads.ACCOUNT_ID,
    }

    def details(self, stub: Stubber, **changes: Any) -> None:
        answer = self.DETAILS | changes
        stub.add_response("get_linked_whatsapp_business_account_phone_number", answer, {"id": AWS_ID})

    def test_the_number_is_described(self, provider: AwsProvider, stub: Stubber) -> None:
        self.details(stub)
        assert provider.number_info() == NumberInfo("+351 21 555 0100", "Norte Service", "GREEN")

    def test_another_number_than_entered_is_said(self, provider: AwsProvider, stub: Stubber) -> None:
        self.details(stub, phoneNumber=self.DETAILS["phoneNumber"] | {"metaPhoneNumberId": "999"})  # type: ignore[operator]
        with pytest.raises(ProviderError, match="another number"):
            provider.number_info()

    def test_the_destination_of_events_is_told(self, provider: AwsProvider, stub: Stubber) -> None:
        account = {
            "arn": f"arn:aws:social-messaging:eu-central-1:123456789012:waba/{aws_payloads.ACCOUNT_ID[5:]}",
            "id": aws_payloads.ACCOUNT_ID,
            "wabaId": "100000000000001",
            "registrationStatus": "COMPLETE",
            "linkDate": datetime(2026, 1, 1, tzinfo=UTC),
            "wabaName": "Norte",
            "phoneNumbers": [],
            "eventDestinations": [],
        }
        events = {"eventDestinations": [{"eventDestinationArn": aws_payloads.TOPIC}]}
        for answer, expected in ((account | events, [aws_payloads.TOPIC]), (account, [])):
            self.details(stub)
            stub.add_response(
                "get_linked_whatsapp_business_account", {"account": answer}, {"id": aws_payloads.ACCOUNT_ID}
            )
            assert provider.subscribed_apps() == expected

    def test_templates_come_page_by_page_with_their_content(self, provider: AwsProvider, stub: Stubber) -> None:
        row = {
            "templateName": "order_ready",
            "metaTemplateId": "1",
            "templateStatus": "APPROVED",
            "templateQualityScore": "GREEN",
            "templateLanguage": "pt_PT",
            "templateCategory": "UTILITY",
        }
        content = {
            "components": [{"type": "BODY", "text": "Pronto, {{1}}"}],
            "parameter_format": "POSITIONAL",
            "rejected_reason": "NONE",
        }
        self.details(stub)
        account = {"id": aws_payloads.ACCOUNT_ID}
        page = {"templates": [row], "nextToken": "more"}
        stub.add_response("list_whatsapp_message_templates", page, account | {"maxResults": 100})
        answer = {"template": json.dumps(content)}
        stub.add_response("get_whatsapp_message_template", answer, account | {"metaTemplateId": "1"})
        page = {"templates": [row | {"templateName": "other", "metaTemplateId": "2"}]}
        stub.add_response("list_whatsapp_message_templates", page, account | {"maxResults": 100, "nextToken": "more"})
        stub.add_response("get_whatsapp_message_template", {"template": "no JSON"}, account | {"metaTemplateId": "2"})
        first, second = provider.templates()
        assert first == TemplateInfo(
            id="1",
            name="order_ready",
            language="pt_PT",
            status="APPROVED",
            category="UTILITY",
            components=content["components"],  # type: ignore[arg-type]
            parameter_format="POSITIONAL",
            quality="GREEN",
        )
        assert (second.name, second.components) == ("other", [])

    def test_a_list_that_does_not_end_is_an_error(self, provider: AwsProvider, stub: Stubber) -> None:
        self.details(stub)
        for _ in range(2):
            stub.add_response("list_whatsapp_message_templates", {"templates": [], "nextToken": "same"})
        with pytest.raises(ProviderError, match="never ends"):
            list(provider.templates())
