from __future__ import annotations

import pytest
import requests

from simulator.control.client import SimulatorClient, SimulatorError
from simulator.network import world
from simulator.samples import catalog
from tests.simulator.conftest import NUMBER, Api, Endpoint


class PeopleTests:
    def test_it_knows_the_world(self, api: Api) -> None:
        assert [person["key"] for person in api.people()] == [person.key for person in world.PEOPLE]
        overview = api.overview()
        assert overview["access_token"] == world.ACCESS_TOKEN
        assert [number["phone_number_id"] for number in overview["numbers"]] == [
            number.phone_number_id for number in world.NUMBERS
        ]

    def test_another_person_writes(self, api: Api, endpoint: Endpoint) -> None:
        key = api.add_person("Zé <b>", wa_id="+351 91 555 0199")

        api.write(text="Olá", person=key)

        endpoint.wait(endpoint.messages)
        assert endpoint.messages()[0]["from"] == "351915550199"
        assert endpoint.values()[0]["contacts"][0]["profile"]["name"] == "Zé <b>"

    def test_it_refuses_a_number_that_somebody_has(self, api: Api) -> None:
        with pytest.raises(SimulatorError, match="Amara Okafor has the number"):
            api.add_person("Impostor", wa_id="351915550123")

    def test_a_new_number_changes_the_person(self, api: Api, endpoint: Endpoint) -> None:
        api.write("system", payload={"wa_id": "351915550999"})

        endpoint.wait(endpoint.messages)
        leaf = endpoint.messages()[0]
        assert (leaf["from"], leaf["system"]["wa_id"]) == ("351915550123", "351915550999")
        assert "contacts" not in endpoint.values()[0]
        amara = api.people()[0]
        assert (amara["wa_id"], amara["user_id"]) == ("351915550999", leaf["system"]["user_id"])
        assert leaf["system"]["previous_user_id"] == "PT.71204458190233751"


class MessageTests:
    def test_it_sends_a_file_of_the_caller(self, api: Api, endpoint: Endpoint) -> None:
        api.write(
            "document", file=("../../ação.bin", b"\x00\x01", "application/x-thing"), text="Caption", faults=["twice"]
        )

        endpoint.wait(lambda: len(endpoint.posts) == 2)
        part = endpoint.messages()[0]["document"]
        assert (part["mime_type"], part["caption"]) == ("application/x-thing", "Caption")
        assert requests.get(f"{api.origin}/files/{part['id']}", timeout=10).content == b"\x00\x01"

    @pytest.mark.parametrize("name", catalog.NAMES)
    def test_it_sends_each_sample(self, api: Api, endpoint: Endpoint, name: str) -> None:
        family = catalog.make(name).mime_type.split("/")[0]
        kind = (
            "sticker" if name.startswith("sticker") else family if family in ("image", "video", "audio") else "document"
        )

        api.write(kind, sample=name)

        endpoint.wait(endpoint.messages)
        assert endpoint.messages()[0][kind]["mime_type"] == catalog.make(name).mime_type

    def test_it_answers_reacts_edits_and_deletes(self, api: Api, endpoint: Endpoint) -> None:
        first = api.write(text="Frist")
        answer = api.write(text="Meant first", target=first)
        api.write("reaction", target=answer, text="👍")
        api.write("reaction", target=answer)
        api.write("edit", target=first, text="First")
        api.write("revoke", target=answer)

        endpoint.wait(lambda: len(endpoint.messages()) == 6)
        _, reply, reaction, removal, edit, revoke = endpoint.messages()
        assert reply["context"] == {"from": "351915550123", "id": first}
        assert reaction["reaction"] == {"message_id": answer, "emoji": "👍"}
        assert removal["reaction"] == {"message_id": answer}
        assert edit["edit"] == {
            "original_message_id": first,
            "message": {"type": "text", "text": {"body": "First"}},
        }
        assert revoke["revoke"] == {"original_message_id": answer}

    def test_a_colleague_writes_on_the_phone(self, api: Api, endpoint: Endpoint) -> None:
        wamid = api.write(text="From the shop's phone", echo=True)

        endpoint.wait(endpoint.posts.copy)
        change = endpoint.posts[0].json["entry"][0]["changes"][0]
        assert change["field"] == "smb_message_echoes"
        echo = change["value"]["message_echoes"][0]
        assert (echo["id"], echo["from"], echo["to"]) == (wamid, NUMBER.digits, "351915550123")

    def test_extra_goes_into_the_message_as_it_is(self, api: Api, endpoint: Endpoint) -> None:
        api.write(text="Hi", extra={"referral": {"source_type": "ad"}}, at=1_700_000_000.5)

        endpoint.wait(endpoint.messages)
        assert endpoint.messages()[0]["referral"] == {"source_type": "ad"}
        assert endpoint.messages()[0]["timestamp"] == "1700000000"

    @pytest.mark.parametrize(
        ("draft", "sentence"),
        [
            ({"kind": "hologram"}, "There is no kind 'hologram'"),
            ({"faults": ["gremlins"]}, "There is no fault 'gremlins'"),
            ({"kind": "image", "sample": "nothing"}, "There is no sample 'nothing'"),
            ({"kind": "reaction", "text": "👍"}, "needs target"),
            ({"at": "yesterday"}, "at cannot be 'yesterday'"),
            ({"person": "nobody"}, "There is no person 'nobody'"),
        ],
    )
    def test_it_says_what_is_wrong(self, api: Api, draft: dict[str, object], sentence: str) -> None:
        with pytest.raises(SimulatorError, match=sentence):
            api.write(**({"text": "a"} | draft))  # type: ignore[arg-type]

    def test_it_refuses_an_unknown_number(self, api: Api) -> None:
        with pytest.raises(SimulatorError, match="There is no number '1'"):
            api.send("amara", "1", text="a")


class FaultTests:
    def test_it_refuses_an_unknown_switch(self, api: Api) -> None:
        with pytest.raises(SimulatorError, match="There is no switch called 'gremlins'"):
            api.faults(gremlins=True)
        with pytest.raises(SimulatorError, match="'odd' is not a setting of media"):
            api.faults(media="odd")

    def test_reset_forgets_everything(self, api: Api, endpoint: Endpoint) -> None:
        api.faults(webhook_twice=True)
        api.add_person("Zé", wa_id="351915550199")
        api.write("image")

        api.reset()

        assert api.messages() == []
        assert len(api.people()) == len(world.PEOPLE)
        assert api.faults()["webhook_twice"] is False


class ClientTests:
    def test_it_says_when_nobody_answers(self) -> None:
        with pytest.raises(SimulatorError, match="does not answer"):
            SimulatorClient("http://127.0.0.1:9").overview()

    def test_it_says_when_webhooks_do_not_get_through(self, api: Api, endpoint: Endpoint) -> None:
        endpoint.answers = [503] * 10
        api.write(text="a")

        with pytest.raises(SimulatorError, match="1 webhooks were not accepted"):
            api.wait_until_posted(0.2)


class SameOriginTests:
    """A web page anywhere can make the player's browser post to loopback."""

    PATHS = ("_simulator/reset", "_simulator/messages", "say", "faults", "thousand")

    @pytest.mark.parametrize("path", PATHS)
    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ],
    )
    def test_it_refuses_another_page(self, api: Api, path: str, headers: dict[str, str]) -> None:
        answer = requests.post(f"{api.origin}/{path}", headers=headers, data={"text": "x"}, timeout=10)

        assert answer.status_code == 403
        assert api.messages() == []

    @pytest.mark.parametrize("path", ["", "_simulator/people", "live"])
    def test_it_refuses_another_name_that_points_here(self, api: Api, path: str) -> None:
        answer = requests.get(f"{api.origin}/{path}", headers={"Host": "evil.example"}, timeout=10)

        assert answer.status_code == 403

    def test_it_takes_its_own_page(self, api: Api) -> None:
        headers = {"Origin": api.origin, "Sec-Fetch-Site": "same-origin", "X-Requested-With": "fetch"}

        answer = requests.post(f"{api.origin}/say", headers=headers, data={"text": "Hello"}, timeout=10)

        assert answer.status_code == 204
        assert len(api.messages()) == 1
