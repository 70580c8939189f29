"""The API as a whole: django-ninja's operations, and what its OpenAPI document says first."""

from __future__ import annotations

from ninja import NinjaAPI

from inbox.api import problems, reading, writing

DESCRIPTION = """
Read and send the messages of the shared inbox.

Every call carries `Authorization: Bearer <token>`; a token sees the numbers of its program and nothing else. What it
may not see and what does not exist are both 404. Every refusal is `application/problem+json` with a sentence in
`detail`. Times are seconds since 1970. Answers may gain fields.
""".strip()

api = NinjaAPI(
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
