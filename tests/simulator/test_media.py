from __future__ import annotations

import base64
import hashlib

import pytest
import requests

from simulator.samples import catalog
from simulator.server import Simulator
from tests.simulator.conftest import NUMBER, TOKEN, Api, Endpoint

PHOTO = catalog.make("photo-hills")


def received(api: Api, endpoint: Endpoint, *faults: str) -> dict[str, str]:
    """The image part of a photo that Amara sent with these faults."""
    api.write("image", sample="photo-hills", faults=list(faults))
    endpoint.wait(endpoint.messages)
    return endpoint.messages()[-1]["image"]


def fetch(url: str) -> requests.Response:
    return requests.get(url, headers=TOKEN, timeout=20)


class ReceivedFileTests:
    def test_it_can_be_fetched_from_the_address_in_the_webhook(self, api: Api, endpoint: Endpoint) -> None:
        part = received(api, endpoint)

        answer = fetch(part["url"])

        assert answer.content == PHOTO.content
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert base64.b64decode(part["sha256"]) == hashlib.sha256(PHOTO.content).digest()

    def test_it_is_looked_up_with_a_hash_in_hex(self, api: Api, endpoint: Endpoint) -> None:
        part = received(api, endpoint)

        found = api.graph("GET", f"{part['id']}?phone_number_id={NUMBER.phone_number_id}").json()

        assert found["sha256"] == hashlib.sha256(PHOTO.content).hexdigest()
        assert (found["file_size"], found["mime_type"]) == (len(PHOTO.content), "image/jpeg")
        assert fetch(found["url"]).content == PHOTO.content

    def test_it_belongs_to_one_number(self, api: Api, endpoint: Endpoint) -> None:
        part = received(api, endpoint)

        assert api.graph("GET", f"{part['id']}?phone_number_id=200000000000002").status_code == 400

    def test_it_needs_the_token(self, api: Api, endpoint: Endpoint) -> None:
        part = received(api, endpoint)

        assert requests.get(part["url"], timeout=20).status_code == 401

    def test_its_address_dies(self, api: Api, endpoint: Endpoint) -> None:
        part = received(api, endpoint, "media_expired")

        assert fetch(part["url"]).status_code == 404
        fresh = api.graph("GET", part["id"]).json()["url"]
        assert fetch(fresh).content == PHOTO.content

    def test_its_address_cannot_be_prolonged(self, api: Api, endpoint: Endpoint) -> None:
        part = received(api, endpoint, "media_expired")
        stretched = part["url"].replace("ext=", "ext=9")

        assert fetch(stretched).status_code == 404


class FaultTests:
    def test_it_is_unavailable_twice_and_then_works(self, api: Api, endpoint: Endpoint) -> None:
        part = received(api, endpoint, "media_unavailable_once")

        assert [fetch(part["url"]).status_code for _ in range(3)] == [503, 503, 200]

    def test_it_is_unavailable_until_told_otherwise(self, api: Api, endpoint: Endpoint) -> None:
        part = received(api, endpoint, "media_unavailable")

        assert fetch(part["url"]).status_code == 503
        assert api.graph("GET", part["id"]).status_code == 503
        api.media_fault(part["id"])
        assert fetch(part["url"]).content == PHOTO.content

    def test_it_is_gone_after_its_days(self, api: Api, endpoint: Endpoint) -> None:
        part = received(api, endpoint)
        api.media_fault(part["id"], expires_in=-1)

        assert api.graph("GET", part["id"]).json()["error"]["code"] == 100
        assert fetch(part["url"]).status_code == 404

    def test_it_has_other_bytes_than_announced(self, api: Api, endpoint: Endpoint) -> None:
        part = received(api, endpoint, "media_wrong_hash")

        answer = fetch(part["url"])

        assert len(answer.content) == len(PHOTO.content)
        assert hashlib.sha256(answer.content).digest() != base64.b64decode(part["sha256"])

    def test_it_breaks_off_halfway(self, api: Api, endpoint: Endpoint) -> None:
        part = received(api, endpoint, "media_truncated")

        with pytest.raises(requests.RequestException):
            fetch(part["url"])

    def test_it_is_refused_with_131052(self, api: Api, endpoint: Endpoint) -> None:
        api.write("image", faults=["media_refused"])

        endpoint.wait(endpoint.messages)
        leaf = endpoint.messages()[0]
        assert leaf["errors"][0]["code"] == 131052
        assert "image" not in leaf

    def test_the_switch_holds_for_all_files_until_it_is_put_back(self, api: Api, endpoint: Endpoint) -> None:
        part = received(api, endpoint)

        api.faults(media="media_unavailable")
        assert fetch(part["url"]).status_code == 503
        api.faults(media="")
        assert fetch(part["url"]).status_code == 200


class UploadTests:
    def upload(self, api: Api, content: bytes, mime_type: str) -> requests.Response:
        files = {"file": ("file", content, mime_type)}
        return api.graph("POST", f"{NUMBER.phone_number_id}/media", data={"messaging_product": "whatsapp"}, files=files)

    def test_it_keeps_the_file(self, api: Api) -> None:
        media_id = self.upload(api, PHOTO.content, "image/jpeg").json()["id"]

        assert fetch(api.graph("GET", media_id).json()["url"]).content == PHOTO.content

    def test_it_refuses_other_types(self, api: Api) -> None:
        error = self.upload(api, b"<svg/>", "image/svg+xml").json()["error"]

        assert error["code"] == 100
        assert "image/svg+xml" in error["message"]

    @pytest.mark.parametrize("content", [b"", b"x" * (5 * 1024 * 1024 + 1)])
    def test_it_refuses_other_sizes(self, api: Api, content: bytes) -> None:
        assert self.upload(api, content, "image/png").json()["error"]["code"] in (100, 131053)

    def test_it_forgets_the_bytes_of_a_deleted_file(self, api: Api, simulator: Simulator) -> None:
        media_id = self.upload(api, PHOTO.content, "image/jpeg").json()["id"]

        assert api.graph("DELETE", media_id).json() == {"success": True}

        assert api.graph("GET", media_id).status_code == 400
        assert list(simulator.exchange.store.files.iterdir()) == []
