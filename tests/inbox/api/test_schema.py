"""The API's description, checked by calling every operation in many ways, most of them hostile."""

from __future__ import annotations

import os
import subprocess
import time
from itertools import count
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from config.wsgi import application
from inbox.api import messages, tokens
from inbox.api.root import description
from inbox.api.schemas import MessageSchema
from inbox.models import Program
from tests.inbox.thread_rows import conversation, media, message
from whatsapp.models import PhoneNumber

#: Calls of one operation, so that the suite stays quick.
EXAMPLES = 8
#: Seconds after which no further walk through several operations begins, and the calls of one walk.
WALK_SECONDS, STEPS = 12, 10


def seed_of_this_commit() -> int:
    """Each commit tries other calls, and a failed run can be repeated: by its commit, or with API_SEED."""
    if given := os.environ.get("API_SEED"):
        return int(given)
    head = subprocess.run(["git", "rev-parse", "--short=8", "HEAD"], capture_output=True, text=True, check=False)
    return int(head.stdout or "0", 16)


SEED = seed_of_this_commit()
QUIET = settings(deadline=None, database=None, max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]

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
@seed(SEED)
@QUIET
def test_it_answers_as_it_says(case: Any, token: str) -> None:
    answer = case.call(headers={"Authorization": f"Bearer {token}"})
    case.validate_response(answer, checks=CHECKS)


def test_what_one_call_answers_is_understood_by_the_next(token: str) -> None:
    """Walks: send, then read, react, dismiss; each with the ids that the calls before it gave."""
    walks = schema.as_state_machine()

    class Walk(walks):  # type: ignore[valid-type, misc]
        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": {"Authorization": f"Bearer {token}"}}

        def validate_response(self, response: Any, case: Any, **_: Any) -> None:
            case.validate_response(response, checks=CHECKS)

    ends = time.monotonic() + WALK_SECONDS
    for walk in count():
        run_state_machine_as_test(
            seed(SEED + walk)(Walk), settings=settings(QUIET, max_examples=2, stateful_step_count=STEPS)
        )
        if time.monotonic() > ends:
            break


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


def test_messages_are_read_in_the_order_of_their_description() -> None:
    assert list(messages.FIELDS) == list(MessageSchema.model_fields)
