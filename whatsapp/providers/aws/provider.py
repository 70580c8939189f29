"""AWS End User Messaging Social: Meta's messages through AWS's API, and files through our bucket.

https://docs.aws.amazon.com/social-messaging/latest/APIReference/
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from whatsapp import compose
from whatsapp.models import PhoneNumber
from whatsapp.providers.aws import arns
from whatsapp.providers.aws.client import call, client
from whatsapp.providers.base import Accepted, NumberInfo, ProviderError, S3Object, StoredFile, TemplateInfo

SERVICE = "socialmessaging"
#: Templates of one page, and pages at most: AWS allows an account 250.
TEMPLATE_PAGE = 100
TEMPLATE_PAGES = 100
#: The largest message that AWS takes, in bytes.
MESSAGE_MAX_BYTES = 2_048_000


class AwsProvider:
    """One number at AWS. See whatsapp.providers.base.Provider and CopiesMedia for what each method promises."""

    def __init__(self, number: PhoneNumber) -> None:
        self.number = number

    def send(self, body: dict[str, Any]) -> Accepted:
        answer = self._send(body)
        message_id = answer.get("messageId")
        if not isinstance(message_id, str) or not message_id:
            raise ProviderError(_("AWS’s response has no ID for the message."), http_status=200, may_have_sent=True)
        # A UUID of AWS's own: the wamid comes with the first status.
        return Accepted("", provider_message_id=message_id[:128])

    def mark_read(self, wamid: str, *, typing: bool = False) -> None:
        self._send(compose.mark_read(wamid, typing=typing))

    def upload_media(self, file: StoredFile) -> str:
        if file.s3 is None:
            raise ProviderError(
                _("AWS accepts files only from S3, and no bucket is set. Ask an administrator to set S3_BUCKET.")
            )
        answer = self._call("post_whatsapp_message_media", sourceS3File=_s3_file(file.s3))
        media_id = answer.get("mediaId")
        if not isinstance(media_id, str) or not media_id:
            raise ProviderError(_("AWS’s response has no ID for the file."), http_status=200, retryable=True)
        return media_id

    def copy_media(self, media_id: str, target: S3Object) -> None:
        self._call("get_whatsapp_message_media", mediaId=_media_id(media_id), destinationS3File=_s3_file(target))

    def delete_media(self, media_id: str) -> None:
        try:
            self._call("delete_whatsapp_message_media", mediaId=_media_id(media_id))
        except ProviderError as error:
            if error.http_status != 404:
                raise

    def templates(self) -> Iterator[TemplateInfo]:
        account = self.account_id()
        token, seen = "", set[str]()
        for _page in range(TEMPLATE_PAGES):
            page = {"nextToken": token} if token else {}
            answer = call(
                self._client(), "list_whatsapp_message_templates", id=account, maxResults=TEMPLATE_PAGE, **page
            )
            for row in answer.get("templates") or []:
                if isinstance(row, dict) and row.get("templateName") and row.get("metaTemplateId"):
                    yield self._template(account, row)
            token = str(answer.get("nextToken") or "")
            if not token:
                return
            if token in seen:
                break
            seen.add(token)
        # Returning would look like a complete list, and unlisted templates count as deleted.
        raise ProviderError(_("AWS’s list of message templates never ends."), retryable=True)

    def number_info(self) -> NumberInfo:
        """Also raises ProviderError when the AWS ID and the Meta ID belong to different numbers."""
        found = self.described()
        meta_id = str(found.get("metaPhoneNumberId") or "")
        if meta_id and meta_id != self.number.phone_number_id:
            raise ProviderError(
                _(
                    "The AWS phone number ID belongs to another number: its Meta ID is %(meta_id)s, not %(entered)s. "
                    "Correct the AWS phone number ID."
                )
                % {"meta_id": meta_id, "entered": self.number.phone_number_id}
            )
        return NumberInfo(
            display_phone_number=str(found.get("displayPhoneNumber") or found.get("phoneNumber") or ""),
            verified_name=str(found.get("displayPhoneNumberName") or ""),
            quality=str(found.get("qualityRating") or ""),
        )

    def subscribed_apps(self) -> list[str]:
        """The topics (or Connect instances) that AWS publishes the account's events to: one at most."""
        answer = call(self._client(), "get_linked_whatsapp_business_account", id=self.account_id())
        account = answer.get("account")
        rows = account.get("eventDestinations") if isinstance(account, dict) else None
        return [str(row.get("eventDestinationArn") or "") for row in rows or [] if isinstance(row, dict)]

    def described(self) -> dict[str, Any]:
        """AWS's description of the number (arn, metaPhoneNumberId, …). Raises ProviderError."""
        found = self._details().get("phoneNumber")
        return found if isinstance(found, dict) else {}

    def account_id(self) -> str:
        """AWS's ID of the number's WhatsApp Business Account (waba-…). Raises ProviderError."""
        account = str(self._details().get("linkedWhatsAppBusinessAccountId") or "")
        if not arns.ACCOUNT_ID.fullmatch(account):
            raise ProviderError(_("AWS doesn’t say which WhatsApp Business Account the number belongs to."))
        return account

    def _details(self) -> dict[str, Any]:
        identifier = self._number_id()
        return call(self._client(), "get_linked_whatsapp_business_account_phone_number", id=identifier)

    def _template(self, account: str, row: dict[str, Any]) -> TemplateInfo:
        """One template. The list has only names and states; the content needs a request for each."""
        identifier = str(row["metaTemplateId"])
        answer = call(self._client(), "get_whatsapp_message_template", id=account, metaTemplateId=identifier)
        try:
            content = json.loads(str(answer.get("template") or "{}"))
        except ValueError:
            content = {}
        content = content if isinstance(content, dict) else {}
        components = content.get("components")
        return TemplateInfo(
            id=identifier,
            name=str(row["templateName"]),
            language=str(row.get("templateLanguage") or content.get("language") or ""),
            status=str(row.get("templateStatus") or "").upper(),
            category=str(row.get("templateCategory") or "").upper(),
            components=[part for part in components if isinstance(part, dict)] if isinstance(components, list) else [],
            parameter_format=str(content.get("parameter_format") or "").upper(),
            quality=str(row.get("templateQualityScore") or ""),
            reason=_reason(content.get("rejected_reason")),
        )

    def _send(self, body: dict[str, Any]) -> dict[str, Any]:
        # The client encodes the bytes for the wire by itself.
        message = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
        if len(message) > MESSAGE_MAX_BYTES:
            raise ProviderError(_("The message is larger than AWS accepts."))
        return self._call("send_whatsapp_message", message=message, metaApiVersion=settings.WHATSAPP_GRAPH_VERSION)

    def _call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        identifier = self._number_id()
        return call(self._client(), operation, originationPhoneNumberId=identifier, **parameters)

    def _number_id(self) -> str:
        found = arns.number(self.number.aws_phone_number_id)
        if found is None:
            raise ProviderError(
                _("The AWS phone number ID is missing or not valid. Ask an administrator to enter phone-number-id-….")
            )
        return found.id

    def _client(self) -> Any:
        return client(SERVICE, region_of(self.number))


def region_of(number: PhoneNumber) -> str:
    """A number's AWS Region: its own, or else WHATSAPP_AWS_REGION. Raises ProviderError when it isn't valid."""
    region = number.aws_region or settings.WHATSAPP_AWS_REGION
    if not arns.REGION.fullmatch(region):
        raise ProviderError(_("The number’s AWS Region is missing or not valid. Regions look like eu-central-1."))
    return region


def _media_id(media_id: str) -> str:
    if not arns.MEDIA_ID.fullmatch(media_id):
        raise ProviderError(_("The file’s WhatsApp ID isn’t valid."))
    return media_id


def _s3_file(place: S3Object) -> dict[str, str]:
    if not arns.BUCKET.fullmatch(place.bucket) or not 0 < len(place.key.encode()) <= 1024:
        raise ProviderError(_("AWS can’t read a file at this location. Check S3_BUCKET and S3_PREFIX."))
    return {"bucketName": place.bucket, "key": place.key}


def _reason(value: object) -> str:
    reason = str(value or "")
    return "" if reason.upper() == "NONE" else reason
