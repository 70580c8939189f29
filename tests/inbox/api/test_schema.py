"""The API's description, checked by calling every operation in many ways, most of them hostile."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from config.wsgi import application
from inbox import tokens
from inbox.api.root import description
from inbox.models import Program
from tests.inbox.thread_rows import conversation, media, message
from whatsapp.models import PhoneNumber

#: Calls of one operation. Few, so that the suite stays quick; the seed is fixed, so that it stays the same.
EXAMPLES = 8

schema = schemathesis.openapi.from_dict(description())
schema.app = application


@pytest.fixture
def token(transactional_db: None) -> str:
    number = PhoneNumber.objects.create(phone_number_id="200000000000001", waba_id="1", display_number="+351215550100")
    thread = conversation(number)
    message(thread, "Hello")
    media(thread, state="failed")
    program = Program.objects.create(name="Robot", all_numbers=True)
    return tokens.make(program)[1]


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_it_answers_as_it_says(case: Any, token: str) -> None:
    answer = case.call(headers={"Authorization": f"Bearer {token}"})
    case.validate_response(
        answer,
        checks=[
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
        ],
    )


def test_every_call_is_described() -> None:
    described = description()
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            assert operation.get("description"), (method, path)
            assert operation["responses"]["401"], (method, path)
    fields = described["components"]["schemas"]["MessageSchema"]["properties"]
    for name in ("messageId", "contactId", "channel", "direction", "content", "timestamp", "status", "mediaId"):
        assert name in fields
    for name in ("s3Key", "mediaUrl", "senderPhone", "senderName", "receivingPhone", "awsPhoneNumberId"):
        assert name in fields
