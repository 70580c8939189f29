"""System checks for missing or unsafe settings: each says what to do.

Errors stop every command except `generate_key` and `collectstatic`. Warnings are shown by `manage.py check --deploy`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import storages

from whatsapp.providers.aws import arns
from whatsapp.webhooks import sqs

Configs = Sequence[AppConfig] | None
LOCAL_HOSTS = {"localhost", "127.0.0.1", "[::1]", "testserver", "0.0.0.0", ".localhost"}  # noqa: S104 - names, not a bind


@register(Tags.security)
def secrets_are_set(app_configs: Configs, **_: Any) -> list[CheckMessage]:
    """Without these nothing can be received, stored or signed, so production doesn't start without them."""
    if settings.DEBUG:
        return []
    found: list[CheckMessage] = []
    try:
        settings.SECRET_KEY  # noqa: B018 - reading it is what fails when it is empty
    except ImproperlyConfigured:
        found.append(
            Error(
                "SECRET_KEY is not set, so sessions and file addresses cannot be signed.",
                hint="Fill it with `python -c 'import secrets; print(secrets.token_urlsafe(64))'`.",
                id="whatsapp.E001",
            )
        )
    only_aws = any(settings.AWS_SQS_QUEUES) or any(settings.AWS_SNS_TOPICS)
    if not any(settings.WHATSAPP_APP_SECRETS) and not only_aws:
        found.append(
            Error(
                "WHATSAPP_APP_SECRETS is not set, so no webhook can be told from a forged one and all are refused.",
                hint="Copy the app secret from Meta's dashboard: App settings, Basic, App secret.",
                id="whatsapp.E002",
            )
        )
    if not settings.FIELD_ENCRYPTION_KEYS:
        found.append(
            Error(
                "FIELD_ENCRYPTION_KEYS is not set, so access tokens cannot be stored.",
                hint="Put the output of `manage.py generate_key` into FIELD_ENCRYPTION_KEYS, and keep a copy of it.",
                id="whatsapp.E003",
            )
        )
    if not settings.DATABASES["default"].get("ENGINE") or not settings.DATABASES["default"].get("NAME"):
        found.append(
            Error(
                "DATABASE_URL is not set, or names no database. The embedded PostgreSQL is for development only.",
                hint="Set DATABASE_URL to a PostgreSQL 14 or newer: postgres://user:password@host:5432/inbox",
                id="whatsapp.E004",
            )
        )
    return found


@register(Tags.security)
def encryption_keys_are_keys(app_configs: Configs, **_: Any) -> list[CheckMessage]:
    for place, key in enumerate(settings.FIELD_ENCRYPTION_KEYS, start=1):
        try:
            Fernet(key)
        except ValueError:
            return [
                Error(
                    f"Key {place} in FIELD_ENCRYPTION_KEYS is not a Fernet key (32 bytes in URL-safe base64).",
                    hint="Use the output of `manage.py generate_key`. Several keys are separated by commas.",
                    id="whatsapp.E005",
                )
            ]
    return []


@register(Tags.security)
def development_stays_at_home(app_configs: Configs, **_: Any) -> list[CheckMessage]:
    public = [host for host in settings.ALLOWED_HOSTS if host.lower() not in LOCAL_HOSTS]
    if not settings.DEBUG or not public:
        return []
    return [
        Error(
            f"DEBUG is on while ALLOWED_HOSTS names {', '.join(public)}: error pages would show settings to strangers.",
            hint="Turn DEBUG off, or allow only localhost.",
            id="whatsapp.E006",
        )
    ]


@register(Tags.security)
def graph_is_spoken_to_in_private(app_configs: Configs, **_: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if not settings.DEBUG and urlsplit(settings.WHATSAPP_GRAPH_URL).scheme != "https":
        found.append(
            Error(
                "WHATSAPP_GRAPH_URL is not https, so access tokens would travel in the clear.",
                hint="Leave it unset: the default is https://graph.facebook.com.",
                id="whatsapp.E007",
            )
        )
    if not re.fullmatch(r"v[0-9]{2,3}\.[0-9]", settings.WHATSAPP_GRAPH_VERSION):
        found.append(
            Error(
                f"WHATSAPP_GRAPH_VERSION is {settings.WHATSAPP_GRAPH_VERSION!r}, which the Graph API does not have.",
                hint="Leave it unset, or write it like v26.0.",
                id="whatsapp.E008",
            )
        )
    return found


@register(Tags.security)
def aws_is_spoken_to_in_private(app_configs: Configs, **_: Any) -> list[CheckMessage]:
    if settings.DEBUG or not settings.WHATSAPP_AWS_URL or urlsplit(settings.WHATSAPP_AWS_URL).scheme == "https":
        return []
    return [
        Error(
            "WHATSAPP_AWS_URL is not https, so messages would travel in the clear.",
            hint="Leave it unset: AWS's own address is the default.",
            id="whatsapp.E012",
        )
    ]


@register()
def aws_is_complete(app_configs: Configs, **_: Any) -> list[CheckMessage]:
    """Malformed topics and queues, and half a pair of keys."""
    found: list[CheckMessage] = []
    for topic in filter(None, settings.AWS_SNS_TOPICS):
        arn = arns.read(topic)
        if arn is None or arn.service != "sns" or not arn.region or not arn.account or arn.resource.endswith(".fifo"):
            found.append(
                Error(
                    f"“{topic}” in AWS_SNS_TOPICS is no topic that AWS End User Messaging can publish to.",
                    hint="Name standard topics by their ARNs: arn:aws:sns:eu-central-1:123456789012:whatsapp-events",
                    id="whatsapp.E013",
                )
            )
    for url in filter(None, settings.AWS_SQS_QUEUES):
        try:
            sqs.region_of(url, settings.WHATSAPP_AWS_REGION)
        except ValueError as error:
            found.append(Error(str(error), id="whatsapp.E014"))
    if bool(settings.WHATSAPP_AWS_ACCESS_KEY_ID) != bool(settings.WHATSAPP_AWS_SECRET_ACCESS_KEY):
        found.append(
            Error(
                "Only one of WHATSAPP_AWS_ACCESS_KEY_ID and WHATSAPP_AWS_SECRET_ACCESS_KEY is set.",
                hint="Set both, or neither where the machine has a role of its own.",
                id="whatsapp.E015",
            )
        )
    return found


@register(Tags.files)
def bucket_is_complete(app_configs: Configs, **_: Any) -> list[CheckMessage]:
    """Half a pair of keys is a mistake; none at all means the server's IAM role."""
    if settings.S3_ENDPOINT_URL and not _is_origin(settings.S3_ENDPOINT_URL):
        return [
            Error(
                f"S3_ENDPOINT_URL is {settings.S3_ENDPOINT_URL!r}, which is no address of a server.",
                hint="Write it with its scheme: S3_ENDPOINT_URL=https://minio.example.com. For AWS leave it unset.",
                id="whatsapp.E016",
            )
        ]
    options = settings.STORAGES["default"].get("OPTIONS", {})
    if not settings.S3_BUCKET or bool(options.get("access_key")) == bool(options.get("secret_key")):
        return []
    missing = "S3_SECRET_ACCESS_KEY" if options.get("access_key") else "S3_ACCESS_KEY_ID"
    return [
        Error(
            f"S3_BUCKET is set, but {missing} is not, so no file can be stored.",
            hint="Set both keys, or neither where the machine has a role of its own.",
            id="whatsapp.E009",
        )
    ]


def _is_origin(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.netloc)


@register(Tags.security, deploy=True)
def production_is_ready(app_configs: Configs, **_: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if not settings.WHATSAPP_VERIFY_TOKEN:
        found.append(
            Warning(
                "WHATSAPP_VERIFY_TOKEN is not set, so Meta's dashboard cannot verify the callback address.",
                hint="Make up a long word and enter the same one in Meta's dashboard beside the callback address.",
                id="whatsapp.W001",
            )
        )
    if not settings.S3_BUCKET:
        found.append(
            Warning(
                "S3_BUCKET is not set, so files are kept on this machine's disk: they are lost with it, and a second "
                "web or worker machine does not see them.",
                hint="Set S3_BUCKET, or make sure that DATA_DIR is on a disk that is backed up.",
                id="whatsapp.W002",
            )
        )
    if settings.S3_BUCKET and settings.HTTPS and urlsplit(settings.S3_ENDPOINT_URL).scheme == "http":
        found.append(
            Warning(
                "S3_ENDPOINT_URL is not https, so files travel in the clear, and browsers may refuse to show them in a "
                "page that came by https.",
                hint="Name the server by an https address that browsers reach: S3_ENDPOINT_URL=https://minio.example.com",
                id="whatsapp.W005",
            )
        )
    if not settings.ADMIN_MFA_REQUIRED:
        found.append(
            Warning(
                "ADMIN_MFA_REQUIRED is off, so a stolen password opens the admin.",
                hint="Remove ADMIN_MFA_REQUIRED from the environment.",
                id="whatsapp.W003",
            )
        )
    if "*" in settings.ALLOWED_HOSTS:
        found.append(
            Warning(
                "ALLOWED_HOSTS allows every host, so a request can put any address into links.",
                hint="Name the hosts: ALLOWED_HOSTS=inbox.example.com",
                id="whatsapp.W004",
            )
        )
    return found


@register(Tags.security, deploy=True)
def visitors_are_told_apart(app_configs: Configs, **_: Any) -> list[CheckMessage]:
    if getattr(settings, "SECURE_PROXY_SSL_HEADER", None) is None or settings.TRUSTED_PROXIES:
        return []
    return [
        Warning(
            "BEHIND_PROXY is on and TRUSTED_PROXIES is 0, so everybody comes from the proxy's address: wrong passwords "
            "of one stranger keep everybody from signing in, and limits for one address hold for all together.",
            hint="Say how many of your proxies append to X-Forwarded-For: TRUSTED_PROXIES=1",
            id="whatsapp.W006",
        )
    ]


@register(Tags.security, deploy=True)
def pages_may_show_files(app_configs: Configs, **_: Any) -> list[CheckMessage]:
    """Files are served from the bucket's address, which the content security policy has to allow."""
    options = settings.STORAGES["default"].get("OPTIONS", {})
    if not settings.S3_BUCKET or not options.get("access_key") or not options.get("secret_key"):
        return []  # without keys, signing would request the IAM role over the network
    if settings.S3_ENDPOINT_URL and not _is_origin(settings.S3_ENDPOINT_URL):
        return []  # reported by bucket_is_complete
    address = urlsplit(storages["default"].url("check"))
    origin = f"{address.scheme}://{address.netloc}"
    if origin in settings.MEDIA_ORIGINS:
        return []
    return [
        Error(
            f"Signed file addresses lead to {origin}, which MEDIA_ORIGINS does not name: browsers will refuse to show "
            "pictures and play sound.",
            hint=f"MEDIA_ORIGINS={origin}",
            id="whatsapp.E011",
        )
    ]


@register()
def no_simulator_in_production(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """whatsapp.E010: WHATSAPP_SIMULATOR_URL is set although DEBUG is off."""
    if settings.DEBUG or not settings.WHATSAPP_SIMULATOR_URL:
        return []
    return [
        Error(
            "WHATSAPP_SIMULATOR_URL is set, but DEBUG is off: messages would go to a simulator instead of to people.",
            hint="Remove WHATSAPP_SIMULATOR_URL from the environment; only `make run` needs it.",
            id="whatsapp.E010",
        )
    ]
