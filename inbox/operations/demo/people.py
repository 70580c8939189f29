"""The demo's colleagues and numbers, entered as an administrator would enter them."""

from __future__ import annotations

from inbox.models import Agent
from simulator.network import world
from whatsapp.models import PhoneNumber, Provider

#: Username, first name, last name, administrator. The first two are for whoever tries the demo.
COLLEAGUES = (
    ("agent", "Ines", "Prado", False),
    ("admin", "Ada", "Nunes", True),
    ("jonas", "Jonas", "Weber", False),
)


def ensure(password: str) -> dict[str, bool]:
    """Create the numbers and colleagues that are missing. Safe to repeat; existing ones stay as they are.

    Returns, for each username, whether ``password`` opens it: somebody may have chosen another one since.
    """
    numbers = [_ensure_number(number) for number in world.NUMBERS]
    return {
        username: _ensure_colleague(username, first_name, last_name, administrator, password, numbers)
        for username, first_name, last_name, administrator in COLLEAGUES
    }


def _ensure_number(number: world.Number) -> int:
    """The row's primary key. The token is written but never read: another key may have encrypted it."""
    found = PhoneNumber.objects.filter(phone_number_id=number.phone_number_id)
    if not found.exists():
        created = PhoneNumber.objects.create(
            phone_number_id=number.phone_number_id,
            waba_id=number.waba_id,
            display_number=number.display,
            name=number.name,
            **at_provider(number),
        )
        return int(created.pk)
    if number.aws_id:
        return int(found.values_list("pk", flat=True).get())
    found.update(access_token=world.ACCESS_TOKEN)
    return int(found.values_list("pk", flat=True).get())


def at_provider(number: world.Number) -> dict[str, str]:
    """The columns of a number that differ between Meta and AWS."""
    if number.aws_id:
        return {"provider": Provider.AWS, "aws_phone_number_id": number.aws_id, "aws_region": "eu-central-1"}
    return {"access_token": world.ACCESS_TOKEN}


def _ensure_colleague(
    username: str, first_name: str, last_name: str, administrator: bool, password: str, numbers: list[int]
) -> bool:
    colleague = Agent.objects.filter(username=username).first()
    if colleague is not None:
        return colleague.check_password(password)
    colleague = Agent.objects.create_user(
        username,
        password=password,
        first_name=first_name,
        last_name=last_name,
        is_staff=administrator,
        is_superuser=administrator,
    )
    colleague.numbers.set(numbers)
    return True
