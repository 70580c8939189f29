"""The secrets of `make run`: generated once, kept in a file of environment variables."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from pathlib import Path

WORDS = (
    "amber birch brook cedar chain cobalt coral ember fable fern fjord gear harbor hazel heron indigo ivory jasper "
    "juniper lagoon larch lemon lilac linen maple marble meadow mint moss nickel north olive onyx opal orchid otter "
    "pebble pedal pine plum poppy quartz quill raven reed ridge river robin saddle sage saffron sandal silver slate "
    "spoke sparrow summit tandem teal thistle tulip valley velvet violet walnut willow wren"
)


def generate() -> dict[str, str]:
    """A value for each secret that the settings require, and the password of the demo's accounts."""
    return {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "WHATSAPP_APP_SECRETS": secrets.token_hex(16),
        "WHATSAPP_VERIFY_TOKEN": secrets.token_urlsafe(16),
        "FIELD_ENCRYPTION_KEYS": urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "DEMO_PASSWORD": f"{'-'.join(secrets.choice(WORDS.split()) for _ in range(3))}-{secrets.randbelow(90) + 10}",
    }


def read(path: Path) -> dict[str, str]:
    """The variables in this file, none when it does not exist."""
    if not path.exists():
        return {}
    return dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)


def write(path: Path, values: dict[str, str]) -> None:
    """Replace the file, which only this user may read."""
    unfinished = path.with_suffix(".new")
    unfinished.touch(mode=0o600)
    unfinished.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    unfinished.rename(path)
