"""Django's settings. The environment is read once, at the top; a fresh clone runs without any variable set.

Every variable is in .env.example and docs/operations.md; a test checks this. The file is long because it is one list:
Django reads settings from one module, and people look for them there.
"""

import hmac
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from config.data_folder import FILE_MODE, FOLDER_MODE, open_data_folder
from config.database import SQLITE as SQLITE_ENGINE
from config.database import database_settings
from config.environment import (
    BASE_DIR,
    address,
    email_settings,
    hosts,
    number,
    one_of,
    origins,
    own_host,
    own_url,
    stored_secret,
    switch,
    text,
    texts,
)
from config.lean_imports import import_without

import_without("structlog", "structlog.twisted", "rich", "greenlet")
import_without("kombu.serialization", "yaml")

from config.file_broker import folder_broker  # noqa: E402 - imports kombu
from config.logs import configure_structlog, logging_config  # noqa: E402 - imports structlog

# --- The environment -----------------------------------------------------------------------------
DATA_DIR = Path(text("DATA_DIR", default="var"))
DATA_DIR = (DATA_DIR if DATA_DIR.is_absolute() else BASE_DIR / DATA_DIR).resolve()
open_data_folder(DATA_DIR)

DEBUG = switch("DEBUG", default=False)
SECRET_KEY = text("SECRET_KEY") or stored_secret(DATA_DIR / "secret_key", "token")
FIELD_ENCRYPTION_KEYS = texts("FIELD_ENCRYPTION_KEYS") or [
    stored_secret(DATA_DIR / "field_encryption_key", "fernet")
]
HOST = text("HOST", default="127.0.0.1")
PORT = number("PORT", default=8000, minimum=1, maximum=65535)
OWN_HOST, OWN_URL = own_host(HOST), own_url(HOST, PORT)
ALLOWED_HOSTS = hosts("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = origins("CSRF_TRUSTED_ORIGINS")
PUBLIC_URL = address("PUBLIC_URL", schemes=["https", "http"]).rstrip("/")
HTTPS = switch("HTTPS", default=False)
HSTS_SUBDOMAINS = switch("HSTS_SUBDOMAINS", default=False)
HSTS_PRELOAD = switch("HSTS_PRELOAD", default=False)
TRUSTED_PROXIES = number("TRUSTED_PROXIES", default=0, maximum=10)
CONNECTIONS_PER_PERSON = number("CONNECTIONS_PER_PERSON", default=50, minimum=1)
RATES_PER_MINUTE = {
    "uploads": number("UPLOADS_PER_MINUTE", default=120),
    "turns": number("TURNS_PER_MINUTE", default=300),
    "conversations": number("CONVERSATIONS_PER_MINUTE", default=300),
    "shared_pages": number("SHARED_PAGES_PER_MINUTE", default=300),
}

IMPORT_MAX_MB = number("IMPORT_MAX_MB", default=2000, minimum=1)

DATABASE_URL = address("DATABASE_URL", schemes=["postgres", "postgresql", "sqlite"])
DATABASE_PREPARE = switch("DATABASE_PREPARE", default=True)
REDIS_URL = address("REDIS_URL", schemes=["redis", "rediss", "unix"])
CELERY_BROKER_URL = (
    address("CELERY_BROKER_URL", schemes=["redis", "rediss", "amqp", "amqps", "pyamqp"]) or REDIS_URL
)

ANTHROPIC_API_KEY_SET = bool(text("ANTHROPIC_API_KEY"))
ANTHROPIC_BASE_URL = text("ANTHROPIC_BASE_URL")
LOCAL_MODEL = switch("LOCAL_MODEL", default=not ANTHROPIC_API_KEY_SET)
LOCAL_MODEL_PORT = number("LOCAL_MODEL_PORT", default=PORT + 1, minimum=1, maximum=65536)
SIMULATOR = switch("SIMULATOR", default=not ANTHROPIC_API_KEY_SET)
SIMULATOR_PACE = number("SIMULATOR_PACE", default=60)

ADMIN_EMAIL = text("ADMIN_EMAIL", default="admin@localhost")
ADMIN_PASSWORD = text("ADMIN_PASSWORD")
SIGNUP_OPEN = switch("SIGNUP_OPEN", default=False)
EMAIL_URL = text("EMAIL_URL", default="consolemail://")
DEFAULT_FROM_EMAIL = text("DEFAULT_FROM_EMAIL", default="Parley <parley@localhost>")
EGRESS_ALLOW = [name.lower() for name in texts("EGRESS_ALLOW")]
MCP_CONNECTOR_HOSTS = [name.lower() for name in texts("MCP_CONNECTOR_HOSTS")]
TOOL_MODULES = texts("TOOL_MODULES")
METRICS_TOKEN = text("METRICS_TOKEN")
LOG_LEVEL = one_of("LOG_LEVEL", default="INFO", values=["DEBUG", "INFO", "WARNING", "ERROR"])
LOG_FORMAT = one_of("LOG_FORMAT", default="console" if DEBUG else "json", values=["json", "console"])
TURN_LEASE_SECONDS = number("TURN_LEASE_SECONDS", default=15, minimum=2, maximum=600)
TURN_GRACE_SECONDS = number("TURN_GRACE_SECONDS", default=20, minimum=0, maximum=600)

if "@" not in parseaddr(ADMIN_EMAIL)[1]:
    raise ImproperlyConfigured("ADMIN_EMAIL must be an email address.")
if PUBLIC_URL and not (urlsplit(PUBLIC_URL).hostname and urlsplit(PUBLIC_URL)[2:] == ("", "", "")):
    raise ImproperlyConfigured("PUBLIC_URL must be an origin, such as https://parley.example.org.")

# --- Applications --------------------------------------------------------------------------------
INSTALLED_APPS = [
    "config.apps.ProjectConfig",
    "config.apps.DaphneConfig",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.simple_history",
    "chat",
    "config.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "channels",
    "csp",
    "django_htmx",
    "encrypted_fields",
    "ninja",
    "simple_history",
]
MIDDLEWARE = [
    "chat.web.server.request_log.RequestLogMiddleware",
    "chat.web.server.probes.ProbeMiddleware",
    "chat.web.server.delivery.DeliveryMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "chat.web.server.static_files.StaticFilesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "config.template_loader.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ],
        },
    }
]
FORM_RENDERER = "config.form_renderer.FormRenderer"

# --- Data: SQLite in DATA_DIR, or PostgreSQL by DATABASE_URL ---------------------------------------
DATABASES = {
    "default": database_settings(DATABASE_URL, default=DATA_DIR / "parley.sqlite3", prepare=DATABASE_PREPARE)
}
SQLITE = DATABASES["default"]["ENGINE"] == SQLITE_ENGINE
if SQLITE:
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}


def cache_in_process(name: str) -> dict[str, Any]:
    """Return a cache in memory. With Django's 300 entries, names that anybody types would push counted tries out."""
    backend = "django.core.cache.backends.locmem.LocMemCache"
    return {"BACKEND": backend, "LOCATION": name, "OPTIONS": {"MAX_ENTRIES": 20_000}}


if REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL]},
        }
    }
    CACHES: dict[str, Any] = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 2},
        }
    }
    # A person waits for the counts: a Redis that takes longer is left alone (chat/operations/rates.py).
    CACHES["rates"] = CACHES["default"] | {
        "OPTIONS": {"socket_connect_timeout": 0.25, "socket_timeout": 0.25}
    }
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    CACHES = {name: cache_in_process(name) for name in ("default", "rates")}
# Turns use this cache, because they must keep working when Redis is down.
CACHES["process"] = cache_in_process("process")

# --- Jobs: Celery on the filesystem, or on Redis or RabbitMQ by CELERY_BROKER_URL ------------------
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {}
if not CELERY_BROKER_URL:
    CELERY_BROKER_URL = "filesystem://localhost"  # the name is not used, but kombu warns without one
    CELERY_BROKER_TRANSPORT = "config.file_broker:Transport"
    BROKER_DIR = DATA_DIR / "broker"
    CELERY_BROKER_TRANSPORT_OPTIONS = folder_broker(BROKER_DIR)
elif CELERY_BROKER_URL.startswith("redis"):
    # Without these limits a hanging broker would block forever.
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": 3600,
        "socket_connect_timeout": 5,
        "socket_timeout": 15,
    }
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
# Below the broker's visibility timeout, so that a job never runs twice at once. Only a pool of processes enforces them;
# in threads, which `up` starts, a job ends by its own limits (chat/operations/time_limit.py).
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_DEFAULT_QUEUE = "parley"
# In memory: an extra run of any scheduled job is harmless, and a schedule file could be damaged by a crash.
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
CELERY_BEAT_SCHEDULE = {
    "project-documents": {
        "task": "chat.tasks.index_project_documents_task",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "reap": {"task": "chat.tasks.reap_task", "schedule": 10.0, "options": {"expires": 10}},
    "expire-tool-calls": {
        "task": "chat.tasks.expire_tool_calls_task",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "clear-events": {
        "task": "chat.tasks.clear_turn_events_task",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "remove-conversations": {
        "task": "chat.tasks.remove_conversations_task",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "index-messages": {
        "task": "chat.tasks.index_messages_task",
        "schedule": 5.0,
        "options": {"expires": 5},
    },
    "prewarm": {"task": "chat.tasks.prewarm_task", "schedule": 60.0, "options": {"expires": 60}},
    "clear-files": {
        "task": "chat.tasks.clear_files_task",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "clear-sessions": {"task": "chat.tasks.clear_sessions_task", "schedule": 3600.0},
    "clear-accounts": {
        "task": "chat.tasks.clear_accounts_task",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "imports": {"task": "chat.tasks.resume_imports_task", "schedule": 60.0, "options": {"expires": 60}},
    "refresh-listings": {
        "task": "chat.tasks.refresh_listings_task",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
}

# --- People ----------------------------------------------------------------------------------------
AUTH_USER_MODEL = "chat.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = reverse_lazy("account_login")
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "chat.web.accounts.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
# With open sign-up an email address must be verified first: otherwise anyone could use the address of another person.
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if SIGNUP_OPEN else "optional"
# With closed sign-up staff set the addresses, so a person has one.
ACCOUNT_MAX_EMAIL_ADDRESSES = None if SIGNUP_OPEN else 1
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = SIGNUP_OPEN  # with closed sign-up, unknown addresses get no mail
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Parley: "
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
MFA_ADAPTER = "chat.web.accounts.adapters.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Parley"
EMAIL_TIMEOUT = 10  # seconds for each step of sending; a job sends, so that no page waits for a mail server
EMAIL_CONFIG = email_settings("EMAIL_URL", EMAIL_URL)
vars().update(EMAIL_CONFIG)

# Companions on loopback share these keys with their connection rows, so that no other program can use them.
SIMULATOR_KEY = hmac.new(SECRET_KEY.encode(), b"parley.simulator", "sha256").hexdigest()
LOCAL_MODEL_KEY = hmac.new(SECRET_KEY.encode(), b"parley.local-model", "sha256").hexdigest()

# --- Security --------------------------------------------------------------------------------------
SALT_KEY = FIELD_ENCRYPTION_KEYS  # encrypted_fields derives its own keys from this and SECRET_KEY
# Names of their own: other Django applications on the same host name (or on other ports of it) share its cookies.
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "parley_session", "parley_csrf"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
# These speak for names that Parley does not serve, and browsers remember them for a year: only on demand.
SECURE_HSTS_INCLUDE_SUBDOMAINS, SECURE_HSTS_PRELOAD = HTTPS and HSTS_SUBDOMAINS, HTTPS and HSTS_PRELOAD
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]  # they ask for both
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# A model's answer can't make the page send data elsewhere: requests go to this origin only.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [SELF],  # the sandboxes of diagrams and previews (chat/web/files/sandbox.py)
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
        "worker-src": [SELF],
    }
}
# The limit for JSON and forms; uploads have their own endpoint and limit.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# --- Language, time, files -------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ko", _("Korean"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["config.formats"]
TIME_ZONE = "UTC"
USE_I18N = USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
NODE_MODULES = BASE_DIR / "node_modules"
# One tuple per package: only the file trees that the import map and the templates use are served.
STATICFILES_DIRS: list[Path | tuple[str, Path]] = [
    BASE_DIR / "static",
    *(
        (f"vendor/{name}", folder)
        for name, folder in {
            "htmx": NODE_MODULES / "htmx.org" / "dist",
            "marked": NODE_MODULES / "marked" / "lib",
            "dompurify": NODE_MODULES / "dompurify" / "dist",
            "highlight/es": NODE_MODULES / "@highlightjs" / "cdn-assets" / "es",
            "katex": NODE_MODULES / "katex" / "dist",
            "mermaid": NODE_MODULES / "mermaid" / "dist",
        }.items()
        if folder.is_dir()
    ),
]
STATICFILES_FINDERS = [
    "chat.web.server.package_files.PackageFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
FILE_UPLOAD_PERMISSIONS, FILE_UPLOAD_DIRECTORY_PERMISSIONS = FILE_MODE, FOLDER_MODE
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "media"},
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "chat.web.server.static_storage.StaticFilesStorage"
    },
}
SERVESTATIC_USE_FINDERS = DEBUG
SERVESTATIC_AUTOREFRESH = DEBUG

# --- Logs ------------------------------------------------------------------------------------------
LOGGING = logging_config(level=LOG_LEVEL, as_json=LOG_FORMAT == "json")
configure_structlog()

# --- Admin -----------------------------------------------------------------------------------------
UNFOLD = {
    "SITE_TITLE": "Parley",
    "SITE_HEADER": "Parley",
    "SITE_SUBHEADER": _("Administration"),
    "SITE_URL": "/",
    "SITE_ICON": lambda request: static("brand/favicon.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("brand/favicon.svg")}
    ],
    "STYLES": [lambda request: static("chat/admin/admin.css")],
    "SCRIPTS": [
        lambda request: static("chat/classic/time_zone.js"),
        lambda request: static("chat/admin/theme.js"),
        lambda request: static("chat/admin/accessible.js"),
        lambda request: static("chat/admin/overlays.js"),
        lambda request: static("chat/admin/actions.js"),
    ],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "chat.admin.dashboard.figures",
    "SIDEBAR": {"show_search": False, "navigation": "chat.admin.navigation.sections"},
    "ACCOUNT": {
        "navigation": [
            {"title": _("Change password"), "link": reverse_lazy("account_change_password")},
            {"title": _("Two-factor sign-in"), "link": reverse_lazy("mfa_index")},
        ]
    },
    "COLORS": {
        # The accent of the chat's own pages, light to dark.
        "primary": {
            "50": "oklch(97% .02 180)",
            "100": "oklch(94% .035 180)",
            "200": "oklch(89% .06 180)",
            "300": "oklch(82% .085 180)",
            "400": "oklch(74% .1 180)",
            "500": "oklch(64% .1 180)",
            "600": "oklch(47% .08 180)",
            "700": "oklch(41% .07 180)",
            "800": "oklch(35% .06 180)",
            "900": "oklch(30% .05 180)",
            "950": "oklch(22% .04 180)",
        }
    },
}
