"""Amazon resource names and ids of AWS End User Messaging: parse, normalize, check.

boto3 checks only the length of ids, so these patterns catch typing mistakes (service model socialmessaging 2024-01-01).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

PHONE_NUMBER_ID = re.compile(r"phone-number-id-[0-9a-zA-Z]{1,64}", re.ASCII)
ACCOUNT_ID = re.compile(r"waba-[0-9a-zA-Z]{1,64}", re.ASCII)
MEDIA_ID = re.compile(r"[A-Za-z0-9]{1,100}", re.ASCII)
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
REGION = re.compile(r"[a-z]{2,3}(?:-[a-z]+){1,3}-[0-9]{1,2}", re.ASCII)
_ARN = re.compile(r"arn:(aws[a-z-]*):([a-z0-9-]+):([a-z0-9-]*):([0-9]{12})?:([!-~]{1,512})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Arn:
    """The parts of an ARN: arn:partition:service:region:account:resource."""

    service: str
    region: str
    account: str
    resource: str


@dataclass(frozen=True, slots=True)
class AwsNumber:
    """One of our numbers at AWS: "phone-number-id-976c…" in "eu-central-1"."""

    id: str
    region: str = ""


def read(text: str) -> Arn | None:
    """The parts of an ARN, None when it isn't one."""
    found = _ARN.fullmatch(text)
    return Arn(found[2], found[3], found[4] or "", found[5]) if found else None


def number(text: str) -> AwsNumber | None:
    """The number that an id or an ARN names, None when it is neither.

    ARNs end in "phone-number-id/976c…"; some AWS samples double the words ("phone-number-id/phone-number-…").
    """
    arn = read(text)
    if arn is None:
        return AwsNumber(text) if PHONE_NUMBER_ID.fullmatch(text) else None
    words, _, rest = arn.resource.partition("/")
    if arn.service != "social-messaging" or words != "phone-number-id":
        return None
    identifier = f"phone-number-id-{rest.removeprefix('phone-number-id-')}"
    return AwsNumber(identifier, arn.region) if PHONE_NUMBER_ID.fullmatch(identifier) else None
