"""The API as a whole: its operations and its OpenAPI document."""

from __future__ import annotations

import copy
from typing import Any

from ninja import NinjaAPI
from ninja.operation import Operation

from inbox.api import problems, reading, writing

DESCRIPTION = """
Read and send the messages of the shared inbox.

Send `Authorization: Bearer <token>` with every call. A token sees only the numbers of its program. What it may not see
and what does not exist are both 404. Every error is `application/problem+json` with a sentence in `detail`. Times are
seconds since 1970. Answers may gain fields.
""".strip()


class Api(NinjaAPI):
    """Operations are named after their functions."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return operation.view_func.__name__


api = Api(
    title="Inbox API",
    version="1.0.0",
    description=DESCRIPTION,
    urls_namespace="api",
    openapi_url=None,
    docs_url=None,
)
api.add_router("", reading.router)
api.add_router("", writing.router)
problems.handle(api)


def description() -> dict[str, Any]:
    """The OpenAPI document, with the content type of errors, which ninja does not know."""
    document: dict[str, Any] = copy.deepcopy(api.get_openapi_schema())
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"] = {str(status): answer for status, answer in operation["responses"].items()}
            for status, answer in operation["responses"].items():
                if status >= "400":
                    answer["content"] = {problems.CONTENT_TYPE: answer["content"]["application/json"]}
    return document
