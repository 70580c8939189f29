"""The phone page as a browser without scripts uses it."""

from __future__ import annotations

import html
import re
from typing import Any

import requests

from tests.simulator.conftest import NUMBER, Api


def page(api: Api, **query: str) -> str:
    answer = requests.get(f"{api.origin}/", params=query, timeout=20)
    assert answer.status_code == 200
    return answer.text


def post(api: Api, path: str, data: dict[str, Any], **options: Any) -> requests.Response:
    """A plain form, as a browser without scripts sends it."""
    form = {"person": "amara", "number": NUMBER.phone_number_id} | data
    return requests.post(f"{api.origin}/{path}", data=form, timeout=30, allow_redirects=False, **options)


def press(api: Api, label: str) -> None:
    """Press a button on a bubble, as its form would be sent."""
    form = next(part for part in page(api).split("<form") if re.search(rf'<button type="submit">{label}[<]', part))
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    data = {name: html.unescape(value) for name, value in fields.items()}
    assert post(api, "say", data).status_code == 303
