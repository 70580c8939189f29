"""Who and what exists in the simulated WhatsApp before anybody touches it: our numbers and people."""

from __future__ import annotations

from dataclasses import dataclass

WABA_ID = "100000000000001"
#: What AWS carries: Meta's id of the account, AWS's, and the topic that its events go to.
AWS_WABA_ID = "100000000000002"
AWS_ARN = "arn:aws:social-messaging:eu-central-1:000000000000"
AWS_ACCOUNT = "waba-5b8f3c5e9d1e4c0f8a7b6c5d4e3f2a1b"
AWS_TOPIC = "arn:aws:sns:eu-central-1:000000000000:norte-whatsapp"
APP_ID = "300000000000001"
#: The system user's token, good for every number of the account. It opens nothing but this simulator.
ACCESS_TOKEN = "SIMULATOR-ACCESS-TOKEN"  # noqa: S105 (guards nothing: the simulator answers on loopback only)
DEFAULT_PORT = 8001
DEFAULT_WEBHOOK_URL = "http://127.0.0.1:8000/webhooks/meta/"


@dataclass(frozen=True, slots=True)
class Number:
    """One of the business's numbers. ``digits`` is the number itself, ``phone_number_id`` Meta's id of it.

    ``aws_id`` is AWS's id of a number that AWS carries; Meta's own API does not know those.
    """

    phone_number_id: str
    digits: str
    display: str
    name: str
    aws_id: str = ""

    @property
    def aws_arn(self) -> str:
        return f"{AWS_ARN}:phone-number-id/{self.aws_id.removeprefix('phone-number-id-')}"

    @property
    def waba_id(self) -> str:
        return AWS_WABA_ID if self.aws_id else WABA_ID

    @property
    def country_code(self) -> str:
        """The digits between the plus and the first space of the display number."""
        return self.display.split()[0].lstrip("+")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with WhatsApp on their phone. ``wa_id`` is empty when they show a username instead of their number;
    ``user_id`` is their business-scoped user id, which every webhook carries since 2026."""

    key: str
    name: str
    wa_id: str
    user_id: str
    username: str = ""


NUMBERS = (
    Number("200000000000001", "351215550100", "+351 21 555 0100", "Norte Service"),
    Number("200000000000002", "351215550200", "+351 21 555 0200", "Norte Lisboa"),
    Number(
        "200000000000003",
        "351225550300",
        "+351 22 555 0300",
        "Norte Porto",
        aws_id="phone-number-id-976c3c5e9d1e4c0f8a7b6c5d4e3f2a1b",
    ),
)

PEOPLE = (
    Person("amara", "Amara Okafor", "351915550123", "PT.71204458190233751"),
    Person("tomasz", "Tomasz", "", "PL.80125550417736620", username="tomasz.k"),
    Person("dilnoza", "Dilnoza", "998905550147", "UZ.51920557603318844"),
    Person("yusuf", "يوسف الحداد", "212615550118", "MA.33905550827714096"),
    Person("mei", "陳美玲", "886955550162", "TW.64415550930087215"),
    Person("lucia", "Lucía 🚲", "34655550119", "ES.27785550661920034", username="lucia.bikes"),
)


def number(phone_number_id: str) -> Number | None:
    """Our number with this id, None when there is none."""
    return next((each for each in NUMBERS if each.phone_number_id == phone_number_id), None)


def meta_number(phone_number_id: str) -> Number | None:
    """The same, if Meta's own API knows it."""
    found = number(phone_number_id)
    return found if found and not found.aws_id else None
