"""System checks: production says what it lacks, and is silent when it lacks nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.checks import run_checks

from whatsapp import checks

ROOT = Path(__file__).resolve().parent.parent.parent

#: Everything that a complete production environment names.
PRODUCTION = {
    "SECRET_KEY": "a-secret-key-that-is-long-enough-and-has-many-different-letters-0123456789",
    "ALLOWED_HOSTS": "inbox.example.com",
    "DATABASE_URL": "postgres://inbox:password@127.0.0.1:5432/inbox",
    "FIELD_ENCRYPTION_KEYS": "dGVzdHMtb25seS1rZXktdGVzdHMtb25seS1rZXktMTI=",
    "WHATSAPP_APP_SECRETS": "an-app-secret",
    "WHATSAPP_VERIFY_TOKEN": "a-verify-token",
    "S3_BUCKET": "inbox-media",
    "S3_REGION": "eu-west-1",
    "S3_ACCESS_KEY_ID": "an-id",
    "S3_SECRET_ACCESS_KEY": "a-secret",
}


def manage(*arguments: str, **environment: str | None) -> subprocess.CompletedProcess[str]:
    """Run manage.py as production does, with nothing in the environment but this; None is the same as unset."""
    # Named but empty, so that neither a .env nor what `make run` left behind fills it.
    named = dict.fromkeys(PRODUCTION, "") | {name: value or "" for name, value in environment.items()}
    with tempfile.TemporaryDirectory() as data:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "DEBUG": "false", "DATA_DIR": data} | named,
            capture_output=True,
            text=True,
            timeout=60,
        )


class ProductionTests:
    def test_a_complete_environment_is_clean(self) -> None:
        ran = manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
        assert ran.returncode == 0, ran.stderr
        assert "no issues" in ran.stdout

    @pytest.mark.parametrize(
        ("name", "value", "id"),
        [
            ("WHATSAPP_APP_SECRETS", None, "whatsapp.E002"),
            ("WHATSAPP_APP_SECRETS", "", "whatsapp.E002"),
            ("FIELD_ENCRYPTION_KEYS", None, "whatsapp.E003"),
            ("DATABASE_URL", None, "whatsapp.E004"),
        ],
    )
    def test_it_does_not_start_without_what_it_needs(self, name: str, value: str | None, id: str) -> None:
        ran = manage("check", **(PRODUCTION | {name: value}))
        assert ran.returncode == 1
        assert id in ran.stderr
        assert "HINT" in ran.stderr

    def test_no_secret_is_in_what_it_says(self) -> None:
        ran = manage("check", "--deploy", **(PRODUCTION | {"SECRET_KEY": "short-CANARY", "DATABASE_URL": None}))
        assert "whatsapp.E004" in ran.stderr
        said = ran.stdout + ran.stderr
        for secret in ("CANARY", "an-app-secret", "a-verify-token", "a-secret", "dGVzdHMt"):
            assert secret not in said


class ChecksTests:
    """Each one on its own."""

    def ids(self, *, deploy: bool = True) -> set[str]:
        return {str(message.id) for message in run_checks(include_deployment_checks=deploy)}

    def test_the_tests_themselves_have_no_errors(self) -> None:
        assert [message for message in run_checks() if message.is_serious()] == []

    @pytest.mark.parametrize(
        ("changes", "id"),
        [
            ({"SECRET_KEY": ""}, "whatsapp.E001"),
            ({"WHATSAPP_APP_SECRETS": [""]}, "whatsapp.E002"),
            ({"FIELD_ENCRYPTION_KEYS": []}, "whatsapp.E003"),
            ({"FIELD_ENCRYPTION_KEYS": [Fernet.generate_key().decode(), "not a key"]}, "whatsapp.E005"),
            ({"DEBUG": True, "ALLOWED_HOSTS": ["localhost", "inbox.example.com"]}, "whatsapp.E006"),
            ({"DEBUG": True, "ALLOWED_HOSTS": ["*"]}, "whatsapp.E006"),
            ({"WHATSAPP_GRAPH_URL": "http://graph.facebook.com"}, "whatsapp.E007"),
            ({"WHATSAPP_GRAPH_VERSION": "26"}, "whatsapp.E008"),
            ({"S3_ENDPOINT_URL": "minio.example.com:9000"}, "whatsapp.E016"),
            ({"WHATSAPP_VERIFY_TOKEN": ""}, "whatsapp.W001"),
            ({"S3_BUCKET": ""}, "whatsapp.W002"),
            ({"ADMIN_MFA_REQUIRED": False}, "whatsapp.W003"),
            ({"ALLOWED_HOSTS": ["*"]}, "whatsapp.W004"),
            ({"S3_BUCKET": "b", "HTTPS": True, "S3_ENDPOINT_URL": "http://10.0.0.2:9000"}, "whatsapp.W005"),
            (
                {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"), "TRUSTED_PROXIES": 0},
                "whatsapp.W006",
            ),
        ],
    )
    def test_it_speaks_up(self, settings: Any, changes: dict[str, Any], id: str) -> None:
        found = []
        for name, value in changes.items():
            setattr(settings, name, value)
        for check in (
            checks.secrets_are_set,
            checks.encryption_keys_are_keys,
            checks.development_stays_at_home,
            checks.graph_is_spoken_to_in_private,
            checks.bucket_is_complete,
            checks.production_is_ready,
            checks.visitors_are_told_apart,
        ):
            found += check(None)
        message = next(message for message in found if message.id == id)
        assert message.msg.endswith(".") or message.msg.endswith("links.")
        assert message.hint

    def test_a_proxy_that_is_counted_is_right(self) -> None:
        environment = PRODUCTION | {"BEHIND_PROXY": "true", "TRUSTED_PROXIES": "1"}
        assert "no issues" in manage("check", "--deploy", **environment).stdout

    def test_development_needs_no_secrets(self, settings: Any) -> None:
        settings.DEBUG = True
        settings.ALLOWED_HOSTS = ["localhost"]
        settings.WHATSAPP_APP_SECRETS = settings.FIELD_ENCRYPTION_KEYS = []
        assert checks.secrets_are_set(None) == []
        assert checks.development_stays_at_home(None) == []


class BucketTests:
    @pytest.mark.parametrize("missing", ["S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"])
    def test_half_a_pair_of_keys_is_an_error(self, missing: str) -> None:
        ran = manage("check", **(PRODUCTION | {missing: None}))
        assert "whatsapp.E009" in ran.stderr
        assert missing in ran.stderr

    @pytest.mark.parametrize(
        "changes",
        [
            {"S3_REGION": "us-east-1"},
            {"S3_ENDPOINT_URL": "https://files.example.com:9000/"},
            {"S3_BUCKET": "inbox.media"},
        ],
    )
    def test_pages_may_show_files_wherever_the_bucket_is(self, changes: dict[str, str]) -> None:
        ran = manage("check", "--deploy", "--fail-level", "WARNING", **(PRODUCTION | changes))
        assert ran.returncode == 0, ran.stderr

    @pytest.mark.parametrize(
        ("changes", "right"),
        [
            ({"MEDIA_ORIGINS": "https://elsewhere.example"}, "https://inbox-media.s3.eu-west-1.amazonaws.com"),
            (
                {"S3_ENDPOINT_URL": "https://files.example.com", "S3_ADDRESSING_STYLE": "virtual"},
                "https://inbox-media.files.example.com",
            ),
        ],
    )
    def test_a_wrong_origin_is_an_error_with_the_right_one(self, changes: dict[str, str], right: str) -> None:
        ran = manage("check", "--deploy", **(PRODUCTION | changes))
        assert "whatsapp.E011" in ran.stderr
        assert f"MEDIA_ORIGINS={right}" in ran.stderr


class GenerateKeyTests:
    def test_it_prints_a_key_before_there_is_one(self) -> None:
        ran = manage("generate_key", SECRET_KEY=PRODUCTION["SECRET_KEY"])
        assert ran.returncode == 0, ran.stderr
        Fernet(ran.stdout.strip())
        assert manage("generate_key", SECRET_KEY=PRODUCTION["SECRET_KEY"]).stdout != ran.stdout


class AwsTests:
    @pytest.mark.parametrize(
        ("changed", "id"),
        [
            ({"AWS_SNS_TOPICS": ["whatsapp-events"]}, "whatsapp.E013"),
            ({"AWS_SNS_TOPICS": ["arn:aws:sqs:eu-central-1:123456789012:whatsapp"]}, "whatsapp.E013"),
            ({"AWS_SNS_TOPICS": ["arn:aws:sns:eu-central-1:123456789012:whatsapp.fifo"]}, "whatsapp.E013"),
            ({"AWS_SQS_QUEUES": ["arn:aws:sqs:eu-central-1:123456789012:whatsapp"]}, "whatsapp.E014"),
            ({"WHATSAPP_AWS_ACCESS_KEY_ID": "id"}, "whatsapp.E015"),
            ({"WHATSAPP_AWS_URL": "http://social-messaging.example"}, "whatsapp.E012"),
        ],
    )
    def test_what_cannot_be_right_is_said(self, settings: Any, changed: dict[str, Any], id: str) -> None:
        for name, value in changed.items():
            setattr(settings, name, value)
        assert id in {fault.id for fault in run_checks()}

    def test_what_is_right_is_not_mentioned(self, settings: Any) -> None:
        settings.AWS_SNS_TOPICS = ["arn:aws:sns:eu-central-1:123456789012:whatsapp", ""]
        settings.AWS_SQS_QUEUES = ["https://sqs.eu-central-1.amazonaws.com/123456789012/whatsapp"]
        settings.WHATSAPP_AWS_ACCESS_KEY_ID = settings.WHATSAPP_AWS_SECRET_ACCESS_KEY = "both"
        assert not {fault.id for fault in run_checks()} & {f"whatsapp.E{number:03}" for number in range(12, 16)}


class SimulatorTests:
    def test_a_simulator_is_refused_in_production(self, settings: Any) -> None:
        def found() -> list[str]:
            return [message.id or "" for message in run_checks() if message.id == "whatsapp.E010"]

        settings.DEBUG, settings.WHATSAPP_SIMULATOR_URL = False, "http://127.0.0.1:8001"
        assert found() == ["whatsapp.E010"]
        settings.DEBUG = True
        assert found() == []
        settings.DEBUG, settings.WHATSAPP_SIMULATOR_URL = False, ""
        assert found() == []
