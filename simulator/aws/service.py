"""AWS End User Messaging Social, as far as the product uses it: sends, files through the bucket, accounts, templates.

It has the two traps of the real one. A send is answered with a UUID that is not the wamid. A file is not written under
the key that was asked for: the media id and an ending are added to it, and the answer does not say so. The bucket is
the product's own storage, in which the product calls itself by that name.
"""

from __future__ import annotations

import base64
import binascii
import json
import mimetypes
import time
import uuid
from collections.abc import Callable
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, storages
from django.http import HttpResponse, JsonResponse

from simulator import media
from simulator.graph import files, messages
from simulator.network import script, topic, world
from simulator.network.errors import GraphError
from simulator.network.faults import MediaFault
from simulator.network.script import Target
from simulator.network.world import Number
from simulator.web import SimulatorRequest
from whatsapp.providers.aws import arns

PATH = "/aws/"
#: Meta's codes that AWS answers with ThrottledRequestException.
THROTTLED = frozenset({4, 80007, 130429, 131056})
ENDINGS = {"image/jpeg": ".jpeg", "audio/ogg": ".ogg", "text/plain": ".txt", "image/webp": ".webp"}


class AwsError(Exception):
    """An answer that is an error, in AWS's shape: the name of the exception is in a header."""

    def __init__(self, name: str, status: int, message: str) -> None:
        super().__init__(message)
        self.name = name
        self.status = status

    def response(self) -> JsonResponse:
        response = JsonResponse({"message": str(self)}, status=self.status)
        response["x-amzn-ErrorType"] = self.name
        return response


def call(request: SimulatorRequest, path: str) -> HttpResponse:
    """One request to AWS."""
    act = _ACTS.get((request.method or "", path))
    try:
        if "AWS4-HMAC-SHA256 Credential=" not in request.headers.get("Authorization", ""):
            raise AwsError("MissingAuthenticationTokenException", 403, "Missing Authentication Token")
        if act is None:
            raise AwsError("UnknownOperationException", 404, "There is no such operation.")
        return act(request, _parameters(request))
    except AwsError as error:
        return error.response()
    except GraphError as error:
        return _of_meta(error).response()


def certificate(request: SimulatorRequest) -> HttpResponse:
    """What SNS's signatures are checked with."""
    return HttpResponse(request.exchange.topic.certificate(), content_type="application/x-pem-file")


def _parameters(request: SimulatorRequest) -> dict[str, Any]:
    if request.method != "POST":
        return request.GET.dict()
    try:
        found = json.loads(request.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise AwsError("ValidationException", 400, "The body is not a JSON object.")
    return found


def _of_meta(error: GraphError) -> AwsError:
    words = f"{error.message} {error.details}".strip()
    if error.code in THROTTLED:
        return AwsError("ThrottledRequestException", 429, words)
    if error.status >= 500:
        return AwsError("DependencyException", 502, words)
    if error.status in (401, 403):
        return AwsError("AccessDeniedByMetaException", 403, words)
    return AwsError("InvalidParametersException", 400, words)


def _number(identifier: object) -> Number:
    wanted = arns.number(str(identifier or ""))
    if wanted is None:
        raise AwsError("ValidationException", 400, "The id of the phone number is not one.")
    for number in world.NUMBERS:
        if number.aws_id == wanted.id:
            return number
    raise AwsError("ResourceNotFoundException", 404, "The phone number is not linked to this AWS account.")


def _send(request: SimulatorRequest, given: dict[str, Any]) -> HttpResponse:
    number = _number(given.get("originationPhoneNumberId"))
    version = str(given.get("metaApiVersion") or "")
    try:
        body = json.loads(base64.b64decode(str(given.get("message")), validate=True))
    except (binascii.Error, ValueError):
        body = None
    if not isinstance(body, dict) or not version.startswith("v") or version < "v20":
        raise AwsError("InvalidParametersException", 400, "The message is not JSON, or the version is too old.")
    answer = messages.take(request.exchange, number, body)
    if answer.status_code != 200:
        raise AwsError("InternalServiceException", 500, "An internal error occurred.")
    accepted = json.loads(answer.content).get("messages")
    return JsonResponse({"messageId": topic.send_id(accepted[0]["id"]) if accepted else str(uuid.uuid4())})


def _post_media(request: SimulatorRequest, given: dict[str, Any]) -> HttpResponse:
    """Takes a file from the bucket."""
    number = _number(given.get("originationPhoneNumberId"))
    name = _name(given.get("sourceS3File"))

    def act() -> HttpResponse:
        storage = storages["default"]
        if not storage.exists(name):
            raise AwsError("DependencyException", 502, "The file could not be read from Amazon S3.")
        mime_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        with storage.open(name) as file:
            content = file.read()
        if not 0 < len(content) <= files.LIMITS.get(mime_type, 0):
            raise AwsError("InvalidParametersException", 400, f"A file of type {mime_type} and this size is not taken.")
        days = media.UPLOADED_DAYS
        kept = media.keep(
            request.exchange, number.phone_number_id, content, mime_type, file_name=name.rpartition("/")[2], days=days
        )
        return JsonResponse({"mediaId": kept.media_id})

    return script.played(request.exchange.store, Target.UPLOAD, act)


def _get_media(request: SimulatorRequest, given: dict[str, Any]) -> HttpResponse:
    """Writes a file into the bucket, under another key than asked for."""
    number = _number(given.get("originationPhoneNumberId"))
    exchange = request.exchange
    found = exchange.store.media(str(given.get("mediaId") or ""))
    if found is None or found.number_id != number.phone_number_id or not media.alive(exchange, found):
        raise AwsError("ResourceNotFoundException", 404, "There is no such media.")
    if media.refuses(exchange, found):
        raise AwsError("DependencyException", 502, "The file could not be fetched from Meta.")
    if not given.get("metadataOnly"):
        content = exchange.store.media_path(found).read_bytes()
        wrong = media.fault(exchange, found)
        if wrong is MediaFault.TRUNCATED:
            content = content[: len(content) // 2]
        elif wrong is MediaFault.WRONG_HASH:
            content = content[:-1] + bytes([content[-1] ^ 0xFF])
        essence = found.mime_type.split(";")[0].strip()
        ending = ENDINGS.get(essence) or mimetypes.guess_extension(essence) or ""
        name = f"{_name(given.get('destinationS3File'))}{found.media_id}{ending}"
        storage = storages["default"]
        storage.delete(name)
        storage.save(name, ContentFile(content))
    return JsonResponse({"mimeType": found.mime_type, "fileSize": found.size})


def _delete_media(request: SimulatorRequest, given: dict[str, Any]) -> HttpResponse:
    number = _number(given.get("originationPhoneNumberId"))
    found = request.exchange.store.media(str(given.get("mediaId") or ""))
    if found is None or found.number_id != number.phone_number_id or found.deleted:
        raise AwsError("ResourceNotFoundException", 404, "There is no such media.")
    request.exchange.store.change_media(found.media_id, deleted=1)
    request.exchange.store.media_path(found).unlink(missing_ok=True)
    return JsonResponse({"success": True})


def _name(place: object) -> str:
    """The name in our storage of a key in its bucket."""
    given = place if isinstance(place, dict) else {}
    bucket, key = str(given.get("bucketName") or ""), str(given.get("key") or "")
    storage = storages["default"]
    if not bucket or not key or bucket != getattr(storage, "bucket_name", ""):
        raise AwsError("AccessDeniedException", 403, "The bucket is not one that this account may use.")
    prefix = "" if isinstance(storage, FileSystemStorage) else str(getattr(storage, "location", "")).strip("/")
    return key.removeprefix(f"{prefix}/") if prefix else key


def _number_details(request: SimulatorRequest, given: dict[str, Any]) -> HttpResponse:
    number = _number(given.get("id"))
    return JsonResponse({"phoneNumber": _about(number), "linkedWhatsAppBusinessAccountId": world.AWS_ACCOUNT})


def _about(number: Number) -> dict[str, Any]:
    return {
        "arn": number.aws_arn,
        "phoneNumber": f"+{number.digits}",
        "phoneNumberId": number.aws_id,
        "metaPhoneNumberId": number.phone_number_id,
        "displayPhoneNumberName": number.name,
        "displayPhoneNumber": number.display,
        "qualityRating": "GREEN",
    }


def _account_details(request: SimulatorRequest, given: dict[str, Any]) -> HttpResponse:
    _check_account(given)
    subscribed = not request.exchange.store.setting("unsubscribed")
    account = {
        "arn": f"{world.AWS_ARN}:waba/{world.AWS_ACCOUNT[5:]}",
        "id": world.AWS_ACCOUNT,
        "wabaId": world.AWS_WABA_ID,
        "registrationStatus": "COMPLETE",
        "linkDate": time.time(),
        "wabaName": "Norte Bicycles",
        "eventDestinations": [{"eventDestinationArn": world.AWS_TOPIC}] if subscribed else [],
        "phoneNumbers": [_about(each) for each in world.NUMBERS if each.aws_id],
    }
    return JsonResponse({"account": account})


def _templates(request: SimulatorRequest, given: dict[str, Any]) -> HttpResponse:
    """The list tells names and states, not what a template says."""
    _check_account(given)
    rows = [
        {
            "templateName": each["name"],
            "metaTemplateId": each["id"],
            "templateStatus": each["status"],
            "templateLanguage": each["language"],
            "templateCategory": each["category"],
        }
        for each in request.exchange.store.templates()
    ]
    start, most = int(given.get("nextToken") or 0), int(given.get("maxResults") or 100)
    page: dict[str, Any] = {"templates": rows[start : start + most]}
    return JsonResponse(page | ({"nextToken": str(start + most)} if start + most < len(rows) else {}))


def _template(request: SimulatorRequest, given: dict[str, Any]) -> HttpResponse:
    _check_account(given)
    for each in request.exchange.store.templates():
        if each["id"] == given.get("metaTemplateId"):
            return JsonResponse({"template": json.dumps(each)})
    raise AwsError("ResourceNotFoundException", 404, "There is no such template.")


def _check_account(given: dict[str, Any]) -> None:
    if given.get("id") != world.AWS_ACCOUNT:
        raise AwsError("ResourceNotFoundException", 404, "The account is not linked to this AWS account.")


_ACTS: dict[tuple[str, str], Callable[[SimulatorRequest, dict[str, Any]], HttpResponse]] = {
    ("POST", "v1/whatsapp/send"): _send,
    ("POST", "v1/whatsapp/media"): _post_media,
    ("POST", "v1/whatsapp/media/get"): _get_media,
    ("DELETE", "v1/whatsapp/media"): _delete_media,
    ("GET", "v1/whatsapp/waba/phone/details"): _number_details,
    ("GET", "v1/whatsapp/waba/details"): _account_details,
    ("GET", "v1/whatsapp/template/list"): _templates,
    ("GET", "v1/whatsapp/template"): _template,
}
