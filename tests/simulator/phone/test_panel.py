from __future__ import annotations

import pytest
import requests

from tests.simulator.conftest import NUMBER, Api
from tests.simulator.phone_page import page, post


class BenchTests:
    def test_it_plans_the_next_sends_and_forgets_the_plan(self, api: Api) -> None:
        post(api, "plan", {"plan": "lost", "times": "2"})
        post(api, "plan", {"plan": "131056", "times": "1"})

        assert [(step["line"], step["code"], step["times"]) for step in api.planned()] == [
            ("after", 0, 2),
            ("", 131056, 1),
        ]
        assert ": 3 planned" in page(api)
        assert post(api, "plan", {"plan": "gremlins"}).status_code == 400
        post(api, "plan", {"plan": "lost", "forget": "yes"})
        assert api.planned() == []

    def test_the_plug_leads_to_the_side_door_and_back(self, api: Api) -> None:
        aside = post(api, "plug", {"pulled": "yes"}).headers["Location"]
        door = aside.split("/?")[0]
        assert door != api.origin
        with pytest.raises(requests.ConnectionError):
            page(api)
        assert "The plug is pulled" in requests.get(aside, timeout=10).text

        form = {"person": "amara", "number": NUMBER.phone_number_id}
        home = requests.post(f"{door}/plug", data=form, timeout=10, allow_redirects=False).headers["Location"]

        assert home.startswith(f"{api.origin}/?")
        assert "The plug is pulled" not in page(api)

    def test_a_person_stops_taking_anything(self, api: Api) -> None:
        post(api, "block", {"blocks": "marketing"})

        assert next(each for each in api.people() if each["key"] == "amara")["blocks"] == "marketing"
        assert post(api, "block", {"blocks": "gremlins"}).status_code == 400

    def test_no_limit_is_a_speed(self, api: Api) -> None:
        post(api, "faults", {"speed": "0"})
        assert api.faults()["rates"] is False
        post(api, "faults", {"speed": "5"})
        assert (api.faults()["rates"], api.faults()["throughput"]) == (True, 5)
