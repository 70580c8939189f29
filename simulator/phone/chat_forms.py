"""What the forms of the phone page have in common: the chat that they are about, and where they lead back to."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseRedirect

from simulator.control.api import find_number, find_person
from simulator.network import world
from simulator.network.world import Number, Person
from simulator.web import SimulatorRequest


def chat_of(request: SimulatorRequest) -> tuple[Number, Person]:
    """The chat that the request names, else the first person and the first number."""
    asked = request.POST if request.method == "POST" else request.GET
    people = request.exchange.store.people()
    person = find_person(request.exchange, asked["person"]) if asked.get("person") else people[0]
    return find_number(asked.get("number") or world.NUMBERS[0].phone_number_id), person


def back(request: SimulatorRequest, number: Number, person: Person) -> HttpResponse:
    """After a form: 204 for a script, else the page again."""
    if request.headers.get("X-Requested-With") == "fetch":
        return HttpResponse(status=204)
    return HttpResponseRedirect(address(number, person), status=303)


def address(number: Number, person: Person) -> str:
    """The page for this chat."""
    return "/?" + urlencode({"person": person.key, "number": number.phone_number_id})
