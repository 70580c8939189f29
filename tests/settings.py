"""Settings for tests: the project's own, on an embedded PostgreSQL of their own, with secrets that are not secret."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
os.environ["DEBUG"] = "true"
os.environ["DATA_DIR"] = os.environ.get("TEST_DATA_DIR", str(ROOT / "var" / "test"))
os.environ["EMBEDDED_DURABLE"] = "false"
os.environ["SECRET_KEY"] = "tests-only"
os.environ["WHATSAPP_APP_SECRETS"] = "test-app-secret-not-real,test-previous-app-secret"
os.environ["WHATSAPP_VERIFY_TOKEN"] = "test-verify-token"
os.environ["FIELD_ENCRYPTION_KEYS"] = "dGVzdHMtb25seS1rZXktdGVzdHMtb25seS1rZXktMTI="
for name in ("S3_BUCKET", "S3_ENDPOINT_URL", "WHATSAPP_SIMULATOR_URL", "WHATSAPP_GRAPH_URL", "WHATSAPP_AWS_URL"):
    os.environ.pop(name, None)

from config.settings import *  # noqa: E402, F403

DEBUG = False
ADMIN_MFA_REQUIRED = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
MEDIA_ROOT = Path(tempfile.mkdtemp(prefix="inbox-test-media-"))
STORAGES["default"] = {  # noqa: F405
    "BACKEND": "inbox.media.storage.local.SignedFileSystemStorage",
    "OPTIONS": {"location": str(MEDIA_ROOT)},
}
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # noqa: F405
WHITENOISE_USE_FINDERS = True
