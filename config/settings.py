"""Django's settings. The environment is read once, at the top; a fresh clone runs without any variable set.

Every variable is in .env.example and docs/operations.md; a test checks this.
"""

import hmac
from email.utils import parseaddr
from pathlib import Path

from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from config.environment import BASE_DIR, env, number, own_host, own_url, stored_secret, switch
from config.logs import configure_structlog, logging_config

# --- The environment -----------------------------------------------------------------------------
DATA_DIR = Path(env.str("DATA_DIR", default="var"))
DATA_DIR = (DATA_DIR if DATA_DIR.is_absolute() else BASE_DIR / DATA_DIR).resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = switch("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="") or stored_secret(DATA_DIR / "secret_key", "token")
FIELD_ENCRYPTION_KEYS = env.list("FIELD_ENCRYPTION_KEYS", default=[]) or [
    stored_secret(DATA_DIR / "field_encryption_key", "fernet")
]
HOST = env.str("HOST", default="127.0.0.1")
PORT = number("PORT", default=8000, minimum=1, maximum=65535)
OWN_HOST, OWN_URL = own_host(HOST), own_url(HOST, PORT)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS = switch("HTTPS", default=False)

DATABASE_URL = env.str("DATABASE_URL", default="")
REDIS_URL = env.str("REDIS_URL", default="")
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="") or REDIS_URL

ANTHROPIC_API_KEY_SET = bool(env.str("ANTHROPIC_API_KEY", default=""))
ANTHROPIC_BASE_URL = env.str("ANTHROPIC_BASE_URL", default="")
LOCAL_MODEL = switch("LOCAL_MODEL", default=not ANTHROPIC_API_KEY_SET)
LOCAL_MODEL_PORT = number("LOCAL_MODEL_PORT", default=PORT + 1, minimum=1, maximum=65536)
SIMULATOR = switch("SIMULATOR", default=not ANTHROPIC_API_KEY_SET)

ADMIN_EMAIL = env.str("ADMIN_EMAIL", default="admin@localhost")
ADMIN_PASSWORD = env.str("ADMIN_PASSWORD", default="")
SIGNUP_OPEN = switch("SIGNUP_OPEN", default=False)
EMAIL_URL = env.str("EMAIL_URL", default="consolemail://")
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Parley <parley@localhost>")
EGRESS_ALLOW = [name.strip().lower() for name in env.list("EGRESS_ALLOW", default=[]) if name.strip()]
TOOL_MODULES = env.list("TOOL_MODULES", default=[])
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
LOG_FORMAT = env.str("LOG_FORMAT", default="console" if DEBUG else "json")
TURN_LEASE_SECONDS = number("TURN_LEASE_SECONDS", default=15, minimum=2, maximum=600)
TURN_GRACE_SECONDS = number("TURN_GRACE_SECONDS", default=20, minimum=0, maximum=600)

if LOG_LEVEL not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
    raise ImproperlyConfigured(f"LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR, not {LOG_LEVEL!r}.")
if LOG_FORMAT not in {"json", "console"}:
    raise ImproperlyConfigured(f"LOG_FORMAT must be json or console, not {LOG_FORMAT!r}.")
if "@" not in parseaddr(ADMIN_EMAIL)[1]:
    raise ImproperlyConfigured(f"ADMIN_EMAIL must be an email address, not {ADMIN_EMAIL!r}.")

# --- Applications --------------------------------------------------------------------------------
INSTALLED_APPS = [
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
    "channels",
    "csp",
    "django_htmx",
    "encrypted_fields",
    "ninja",
    "simple_history",
]
MIDDLEWARE = [
    "chat.web.middleware.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
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
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ]
        },
    }
]

# --- Data: SQLite in DATA_DIR, or PostgreSQL by DATABASE_URL ---------------------------------------
if DATABASE_URL:
    DATABASES = {"default": env.db_url_config(DATABASE_URL)}
    if DATABASES["default"]["ENGINE"] not in {
        "django.db.backends.postgresql",
        "django.db.backends.sqlite3",
    }:
        raise ImproperlyConfigured("DATABASE_URL must be a postgres:// or a sqlite:// address.")
else:
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DATA_DIR / "parley.sqlite3"}}
SQLITE = DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3"
if SQLITE:
    # DEFERRED transactions under ASGI fail with "database is locked"; IMMEDIATE ones wait for the lock.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA busy_timeout=20000;",
    }
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
else:
    # Under ASGI connections are kept by the pool, not per thread.
    DATABASES["default"]["CONN_MAX_AGE"] = 0
    DATABASES["default"]["OPTIONS"] = {"pool": {"min_size": 1, "max_size": 16, "timeout": 20}}

if REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL]},
        }
    }
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 2},
        }
    }
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
# Turns use this cache, because they must keep working when Redis is down.
CACHES["process"] = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "process"}

# --- Jobs: Celery on the filesystem, or on Redis or RabbitMQ by CELERY_BROKER_URL ------------------
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {}
if not CELERY_BROKER_URL:
    CELERY_BROKER_URL = "filesystem://localhost"  # the name is not used, but kombu warns without one
    BROKER_DIR = DATA_DIR / "broker"
    for folder in ("messages", "control", "processed"):
        (BROKER_DIR / folder).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER_DIR / "messages"),
        "data_folder_out": str(BROKER_DIR / "messages"),
        "control_folder": str(BROKER_DIR / "control"),
        "processed_folder": str(BROKER_DIR / "processed"),
        "store_processed": False,
    }
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
    "prewarm": {"task": "chat.tasks.prewarm_task", "schedule": 60.0, "options": {"expires": 60}},
    "clear-files": {
        "task": "chat.tasks.clear_files_task",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "clear-sessions": {"task": "chat.tasks.clear_sessions_task", "schedule": 3600.0},
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
ACCOUNT_ADAPTER = "chat.web.accounts.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
# With open sign-up an email address must be verified first: otherwise anyone could use the address of another person.
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if SIGNUP_OPEN else "optional"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = SIGNUP_OPEN  # with closed sign-up, unknown addresses get no mail
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Parley: "
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
MFA_ADAPTER = "chat.web.accounts.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Parley"
EMAIL_CONFIG = env.email_url_config(EMAIL_URL)
vars().update(EMAIL_CONFIG)

# Companions on loopback share these keys with their connection rows, so that no other program can use them.
SIMULATOR_KEY = hmac.new(SECRET_KEY.encode(), b"parley.simulator", "sha256").hexdigest()
LOCAL_MODEL_KEY = hmac.new(SECRET_KEY.encode(), b"parley.local-model", "sha256").hexdigest()

# --- Security --------------------------------------------------------------------------------------
SALT_KEY = FIELD_ENCRYPTION_KEYS  # encrypted_fields derives its own keys from this and SECRET_KEY
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
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
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
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
        }.items()
        if folder.is_dir()
    ),
]
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "media"},
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "servestatic.storage.CompressedManifestStaticFilesStorage"
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
