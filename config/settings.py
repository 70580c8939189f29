"""Settings: everything that differs between machines is read from the environment here, and nowhere else."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy
from whitenoise.compress import Compressor

from config import embedded_postgresql
from config.logging import configure_logging
from config.shared_counters import share_counters
from config.storage_origins import storage_origins

# --- Paths and environment -------------------------------------------------------------------------------------------

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

DATA_DIR = Path(env("DATA_DIR", default=str(BASE_DIR / "var")))
# What `make run` made up for this machine, so that manage.py works beside it. Production names its database, and never
# comes here.
if env.bool("DEBUG", default=False) or not env("DATABASE_URL", default=""):
    environ.Env.read_env(DATA_DIR / "development.env")
DEBUG = env.bool("DEBUG", default=False)
TESTING = "pytest" in sys.modules
if not TESTING:
    share_counters(DATA_DIR)

# --- Core ------------------------------------------------------------------------------------------------------------

SECRET_KEY = env("SECRET_KEY", default="development-only-not-a-secret" if DEBUG else "")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if DEBUG else [])
if ALLOWED_HOSTS:
    # Monitors, Prometheus and health checks of this machine name it so.
    ALLOWED_HOSTS += [host for host in ("localhost", "127.0.0.1", "[::1]") if host not in ALLOWED_HOSTS]
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"
#: Threads that draw pages in one web process; each keeps a database connection.
PAGE_THREADS = env.int("PAGE_THREADS", default=8)
#: Browsers that one web process keeps up to date.
LIVE_CONNECTION_LIMIT = env.int("LIVE_CONNECTION_LIMIT", default=5000)
#: Pages of one agent that are kept up to date at once, by all web processes together.
LIVE_STREAMS_PER_AGENT = env.int("LIVE_STREAMS_PER_AGENT", default=20)
#: What one program may ask of the API, and one agent or program may give us to send. 0 is no limit.
API_CALLS_PER_MINUTE = env.int("API_CALLS_PER_MINUTE", default=3000)
UPLOAD_MB_PER_DAY = env.int("UPLOAD_MB_PER_DAY", default=20_000)
USE_I18N = True
LANGUAGE_CODE = "en"
#: Languages of the pages and the admin. Each has a folder in locale/ and its formats in config/formats/.
LANGUAGES = [
    ("en", gettext_lazy("English")),
    ("es", gettext_lazy("Spanish")),
    ("pt-br", gettext_lazy("Brazilian Portuguese")),
    ("de", gettext_lazy("German")),
    ("ar", gettext_lazy("Arabic")),
]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env("TIME_ZONE", default="UTC")
USE_TZ = True
FORMAT_MODULE_PATH = ["config.formats"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Apps ------------------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "inbox",
    "whatsapp",
    *(["simulator"] if DEBUG else []),
    "config.admin.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",  # allauth's pages for security keys
    "whitenoise.runserver_nostatic",
    "config.static_files.StaticFilesConfig",
    "django.contrib.postgres",
    "procrastinate.contrib.django",
    "django_htmx",
    "django_structlog",
    "ninja",  # the scripts of the API's reference page
    "csp",
    "axes",
    "allauth",
    "allauth.account",
    "allauth.mfa",
]

# --- Middleware ------------------------------------------------------------------------------------------------------

MIDDLEWARE = [
    "config.page_metrics.middleware",
    "django.middleware.security.SecurityMiddleware",
    "core.middleware.CompressPages",
    # Before the policy: it is for pages, and as long as some of the sixty files of one.
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "inbox.web.middleware.private_answers",
    "csp.middleware.CSPMiddleware",
    # Around everything that reads the database: sessions and agents as well as pages.
    "inbox.web.database_away.middleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "inbox.web.language.middleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "inbox.web.middleware.reader_timezone",
    "inbox.web.middleware.same_agent",
    "inbox.web.login_limits.remember_browser",
    "axes.middleware.AxesMiddleware",
]
if DEBUG:
    MIDDLEWARE.append("inbox.web.middleware.OwnNotFoundPage")

# --- Templates -------------------------------------------------------------------------------------------------------

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ],
        },
    },
    {
        # Rows of the list and messages: a page has dozens of each, and compiled templates are several times faster.
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "templates" / "jinja"],
        "OPTIONS": {"environment": "inbox.web.jinja.environment"},
    },
]

# --- Database --------------------------------------------------------------------------------------------------------

#: Unset, development and tests run their own PostgreSQL under DATA_DIR; production must name one.
DATABASE_URL = env("DATABASE_URL", default="")
#: PostgreSQL itself, where DATABASE_URL leads to a pooler in transaction mode: LISTEN, prepared statements, advisory
#: locks and temporary tables need a session of their own. Only the threads that draw pages use the pooler.
DATABASE_DIRECT_URL = env("DATABASE_DIRECT_URL", default="")
if DATABASE_DIRECT_URL or DATABASE_URL:
    DATABASES = {"default": env.db_url_config(DATABASE_DIRECT_URL or DATABASE_URL)}
elif DEBUG:
    DATABASES = {
        "default": embedded_postgresql.database(
            DATA_DIR / "postgres", durable=env.bool("EMBEDDED_DURABLE", default=True)
        )
    }
else:
    DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": ""}}
DATABASES["default"] |= {
    "ENGINE": "config.postgresql",
    "CONN_MAX_AGE": 600,
    "CONN_HEALTH_CHECKS": True,
    "OPTIONS": {
        "connect_timeout": 2,
        # A host that dies without a word, as in a failover, is noticed within half a minute instead of a quarter hour.
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
        "application_name": "inbox",
        "options": "-c statement_timeout=30s -c idle_in_transaction_session_timeout=60s",
    }
    | DATABASES["default"].get("OPTIONS", {}),
}
#: What differs for the threads that draw pages: they do not wait for a database that hangs, and may use a pooler.
PAGES_DATABASE: dict[str, Any] = {"ANSWER_SECONDS": 35}
if DATABASE_DIRECT_URL and DATABASE_URL:
    pooler = env.db_url_config(DATABASE_URL)
    PAGES_DATABASE |= {name: pooler[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")} | {
        "DISABLE_SERVER_SIDE_CURSORS": True,
        # A pooler refuses "options"; docs/deployment.md says how it gets the time limit for statements.
        "OPTIONS": {name: value for name, value in DATABASES["default"]["OPTIONS"].items() if name != "options"}
        | pooler.get("OPTIONS", {}),
    }

#: Codes that were used and requests that were counted: every process and host must know of them, so they are rows.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "inbox_cache",
        # Beyond, Django throws out what is still needed; what has expired goes first, and every hour.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
    # What {% cache %} keeps of templates: the same in every process, and not worth a question to the database.
    "template_fragments": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "fragments"},
}

# --- Authentication --------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "inbox.Agent"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    # Checks passwords and permissions; Django's own beside it would hash each wrong password twice.
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "inbox.web.auth_adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_CHANGE_EMAIL = False
ACCOUNT_PREVENT_ENUMERATION = True
#: inbox.web.login_limits does that, so that nobody can hold up everybody of one network. The others of allauth's stay.
ACCOUNT_RATE_LIMITS = {"login": "", "login_failed": "5/5m/key"}
MFA_ADAPTER = "inbox.web.auth_adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = False
MFA_ALLOW_UNVERIFIED_EMAIL = True  # accounts are made by administrators, nobody verifies addresses
MFA_TOTP_ISSUER = "Inbox"
MFA_TOTP_TOLERANCE = 1  # a phone's clock may be 30 seconds off
#: Administrators must use a second factor; off only where DEBUG is on.
ADMIN_MFA_REQUIRED = env.bool("ADMIN_MFA_REQUIRED", default=not DEBUG)
#: How many proxies of ours append to X-Forwarded-For; what stands before them may be forged.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
AXES_HANDLER = "inbox.web.login_limits.Handler"
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_CALLABLE = "inbox.web.auth_adapters.attempted_login"
AXES_CLIENT_IP_CALLABLE = "inbox.web.auth_adapters.client_ip"
AXES_LOCKOUT_CALLABLE = "inbox.web.auth_adapters.locked_out"
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "login", "csrfmiddlewaretoken"]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # trying again does not prolong the wait
AXES_ENABLED = not TESTING

# --- Static files and media ------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG
#: Pages name the hashed files only; compressing each file a second time under its plain name took half the time.
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
#: Source maps of libraries are megabytes that only their developers open.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")

#: Seconds that a signed file address works, on every backend.
MEDIA_URL_EXPIRES = min(env.int("MEDIA_URL_EXPIRES", default=300), 300)
S3_BUCKET = env("S3_BUCKET", default="")
S3_ENDPOINT_URL = env("S3_ENDPOINT_URL", default="")
S3_REGION = env("S3_REGION", default="eu-central-1")
MEDIA_ROOT = DATA_DIR / "media"
if S3_BUCKET:
    MEDIA_STORAGE: dict[str, Any] = {
        "BACKEND": "inbox.media.storage.s3.PrivateS3Storage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "access_key": env("S3_ACCESS_KEY_ID", default=None),
            "secret_key": env("S3_SECRET_ACCESS_KEY", default=None),
            "endpoint_url": S3_ENDPOINT_URL or None,
            "region_name": S3_REGION,
            "location": env("S3_PREFIX", default=""),
            "addressing_style": env("S3_ADDRESSING_STYLE", default="path" if S3_ENDPOINT_URL else "virtual"),
            "querystring_expire": MEDIA_URL_EXPIRES,
        },
    }
else:
    MEDIA_STORAGE = {
        "BACKEND": "inbox.media.storage.local.SignedFileSystemStorage",
        # Who plays AWS on this machine may write into the folder, as AWS would into a bucket.
        "OPTIONS": {"location": str(MEDIA_ROOT), "bucket_name": env("LOCAL_BUCKET", default="") if DEBUG else ""},
    }
STORAGES: dict[str, Any] = {
    "default": MEDIA_STORAGE,
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "core.static_files.MinifiedManifestStorage"
    },
}

# --- Security --------------------------------------------------------------------------------------------------------

HTTPS = env.bool("HTTPS", default=not DEBUG)
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=31536000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = False
# Both would speak for a company's other subdomains, which are not ours to force.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
if env.bool("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
# Browsers keep cookies by host and not by port: two `make run` side by side would sign each other's agents out.
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else f"session{env('PORT', default='')}"
BROWSER_COOKIE_NAME = "__Host-browser" if HTTPS else f"browser{env('PORT', default='')}"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else f"csrf{env('PORT', default='')}"
SESSION_COOKIE_AGE = 7 * 24 * 3600
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

#: Signed addresses of media lead here, so pages may load pictures and sound from it.
MEDIA_ORIGINS = env.list("MEDIA_ORIGINS", default=storage_origins(S3_BUCKET, S3_REGION, S3_ENDPOINT_URL))
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:", *MEDIA_ORIGINS],
        "media-src": [SELF, "blob:", *MEDIA_ORIGINS],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        # Firefox and Safari know only the first. Chromium prefers the second, and then reports to https alone.
        "report-uri": "/csp-reports/",
        **({"report-to": "csp"} if HTTPS else {}),
    }
}

# --- Logging ---------------------------------------------------------------------------------------------------------

LOG_JSON = env.bool("LOG_JSON", default=not DEBUG)
LOGGING = configure_logging(json=LOG_JSON, level=env("LOG_LEVEL", default="INFO"))
DJANGO_STRUCTLOG_USER_ID_FIELD = "pk"
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False  # inbox.web.middleware does, with TRUSTED_PROXIES

#: What Prometheus sends as "Authorization: Bearer …". Empty: /metrics answers this machine alone.
METRICS_TOKEN = env("METRICS_TOKEN", default="")

# --- WhatsApp --------------------------------------------------------------------------------------------------------

#: Meta's app secrets, the current one first; a second one while rotating. They verify X-Hub-Signature-256.
WHATSAPP_APP_SECRETS = env.list("WHATSAPP_APP_SECRETS", default=[])
#: The word typed into Meta's dashboard beside the callback URL.
WHATSAPP_VERIFY_TOKEN = env("WHATSAPP_VERIFY_TOKEN", default="")
WHATSAPP_GRAPH_URL = env("WHATSAPP_GRAPH_URL", default="https://graph.facebook.com")
WHATSAPP_GRAPH_VERSION = env("WHATSAPP_GRAPH_VERSION", default="v26.0")
#: Hosts that may receive a number's access token when a file is downloaded.
WHATSAPP_MEDIA_HOSTS = env.list("WHATSAPP_MEDIA_HOSTS", default=["lookaside.fbsbx.com"])
#: Keys for AWS End User Messaging, SNS and SQS. Empty: the machine's own role, or whatever else boto3 finds.
WHATSAPP_AWS_ACCESS_KEY_ID = env("WHATSAPP_AWS_ACCESS_KEY_ID", default="")
WHATSAPP_AWS_SECRET_ACCESS_KEY = env("WHATSAPP_AWS_SECRET_ACCESS_KEY", default="")
#: The Region of numbers that do not name their own; the bucket has to be in the same one.
WHATSAPP_AWS_REGION = env("WHATSAPP_AWS_REGION", default=S3_REGION)
#: Where AWS End User Messaging answers. Empty: AWS's own address; `make run` names the simulator.
WHATSAPP_AWS_URL = env("WHATSAPP_AWS_URL", default="")
#: The topics whose notifications `/webhooks/aws/` takes. Empty: none.
AWS_SNS_TOPICS = env.list("AWS_SNS_TOPICS", default=[])
#: Addresses of queues that the worker empties: https://sqs.eu-central-1.amazonaws.com/123456789012/whatsapp
AWS_SQS_QUEUES = env.list("AWS_SQS_QUEUES", default=[])
#: Origin of the built-in simulator (http://127.0.0.1:8001). Set by `make run`; refused in production.
WHATSAPP_SIMULATOR_URL = env("WHATSAPP_SIMULATOR_URL", default="")
#: What opens the accounts that `make run` makes.
DEMO_PASSWORD = env("DEMO_PASSWORD", default="")
#: Fernet keys that encrypt access tokens, the current one first.
FIELD_ENCRYPTION_KEYS = env.list("FIELD_ENCRYPTION_KEYS", default=[])
#: Hosts ("name" or "name:port") that webhooks of ours may reach in private networks and without https.
WEBHOOK_PRIVATE_HOSTS = env.list("WEBHOOK_PRIVATE_HOSTS", default=["localhost", "127.0.0.1"] if DEBUG else [])
#: Bytes of a webhook body that are read; Meta sends up to 3 MB.
WEBHOOK_MAX_BYTES = 4 * 1024 * 1024
#: Notifications waiting for their commit in one process before the endpoint answers 503.
WEBHOOK_QUEUE_LIMIT = env.int("WEBHOOK_QUEUE_LIMIT", default=2000)
WEBHOOK_BACKLOG_SECONDS = env.float("WEBHOOK_BACKLOG_SECONDS", default=2.0)
#: Days that processed notifications are kept. Parked ones stay until somebody settles them.
JOURNAL_RETENTION_DAYS = env.int("JOURNAL_RETENTION_DAYS", default=90)
#: Bytes of one file that are fetched; WhatsApp's own limit.
MEDIA_MAX_BYTES = 100 * 1024 * 1024
#: Decode customers' files even where the sandbox does not hold: a hostile file may then read and do what we can.
DECODE_WITHOUT_SANDBOX = env.bool("DECODE_WITHOUT_SANDBOX", default=False)
#: "show" lets every colleague read what a customer deleted; administrators always can.
DELETED_TEXT = env("DELETED_TEXT", default="hide")
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
