"""What is known about each kind of connection: its settings, its credentials, its limits and what it lacks.

Facts of the providers' pages and of the SDK's clients in autumn 2026; docs/platforms.md shows them as tables. What a
platform lacks is taken away from the capabilities of its models when their rows are made (operations.catalogue), so
that a model's capabilities already exclude it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.db import models
from django.utils.translation import gettext_lazy as _

MB = 1_000_000
SMALL_CONTEXT_TOKENS = 200_000
# What the SDK adds to a base URL.
_ENDPOINT = re.compile(r"/+v1(?:/+(?:messages(?:/+(?:count_tokens|batches))?|models))?/*$")


class Gap(models.TextChoices):
    """A feature of the Messages API that a platform may not have."""

    BATCHES = "batches", _("message batches")
    COUNT_TOKENS = "count_tokens", _("token counting")
    MODELS_LIST = "models_list", _("list of models")
    FILES = "files", _("Files API and file sources")
    URL_SOURCES = "url_sources", _("images and documents by URL")
    STRUCTURED_OUTPUTS = "structured_outputs", _("structured outputs")
    SERVER_TOOLS = "server_tools", _("server tools")
    NEW_WEB_SEARCH = "new_web_search", _("web search newer than its first version")
    WEB_FETCH = "web_fetch", _("web fetch")
    CODE_EXECUTION = "code_execution", _("code execution")
    MCP_CONNECTOR = "mcp_connector", _("MCP connector")
    SYSTEM_MESSAGES = "system_messages", _("system messages between turns")
    AUTOMATIC_CACHE = "automatic_cache", _("automatic cache breakpoint")
    CACHE_DIAGNOSTICS = "cache_diagnostics", _("cache diagnostics")
    FAST_MODE = "fast_mode", _("fast mode")
    INFERENCE_GEO = "inference_geo", _("choice of inference geography")
    FALLBACKS = "fallbacks", _("fallback models on the server")
    RATE_LIMIT_HEADERS = "rate_limit_headers", _("rate-limit headers")


# The entry of a model's capabilities that a gap switches off.
CAPABILITY = {
    Gap.BATCHES: "batch",
    Gap.STRUCTURED_OUTPUTS: "structured_outputs",
    Gap.SERVER_TOOLS: "server_tools",
    Gap.CODE_EXECUTION: "code_execution",
    Gap.SYSTEM_MESSAGES: "system_messages",
    Gap.FAST_MODE: "fast_mode",
    Gap.INFERENCE_GEO: "inference_geo",
}


class Entrance(StrEnum):
    """What a stored credential, or the variable that holds it, may be."""

    API_KEY = "api_key"
    AWS_KEYS = "aws_keys"
    SERVICE_ACCOUNT = "service_account"
    SERVICE_PRINCIPAL = "service_principal"


@dataclass(frozen=True, slots=True)
class Setting:
    """A column of a connection that a kind uses; `pattern` keeps it from being anything but a name in an address."""

    name: str
    label: Any
    pattern: str
    hint: Any
    required: bool = True

    def accepts(self, value: str) -> bool:
        return re.fullmatch(self.pattern, value) is not None


@dataclass(frozen=True, slots=True)
class PlatformLimits:
    """The most that one request to a model may hold."""

    request_bytes: int
    pictures: int
    pdf_pages: int


@dataclass(frozen=True, slots=True)
class Platform:
    """One kind of connection.

    `sdk_class` is the synchronous client's name; its twin begins with Async. `address` is the base URL without one in
    the row, from the settings' names; `addresses` holds those of special regions. `version_in_address` says that the
    API's version belongs to the base URL. `ambient` says what "the identity of this machine" means, empty where there
    is none. `picture_bytes` counts the base64 text of one picture.
    """

    sdk_class: str = "Anthropic"
    settings: tuple[Setting, ...] = ()
    entrances: tuple[Entrance, ...] = (Entrance.API_KEY,)
    ambient: Any = ""
    address: str = ""
    addresses: Mapping[str, str] = field(default_factory=dict)
    gaps: frozenset[Gap] = frozenset()
    request_bytes: int = 32 * MB
    picture_bytes: int = 10 * MB
    default_region: str = ""
    version_in_address: bool = False

    def normal_base_url(self, address: str) -> str:
        """Return a base URL without the path that the SDK adds: people copy the address of the whole endpoint."""
        if self.version_in_address:
            return address
        parts = urlsplit(address)
        path = _ENDPOINT.sub("", parts.path)
        return address if path == parts.path else urlunsplit((parts.scheme, parts.netloc, path, "", ""))

    def lacks(self, gap: Gap) -> bool:
        return gap in self.gaps

    def limits(self, *, max_input_tokens: int) -> PlatformLimits:
        """Return what one request to a model with this context may hold."""
        small = max_input_tokens <= SMALL_CONTEXT_TOKENS
        return PlatformLimits(
            self.request_bytes,
            pictures=100 if small else 600,
            # Only a context of a million tokens takes the long documents.
            pdf_pages=100 if max_input_tokens < 1_000_000 else 600,
        )

    def without_gaps(self, capabilities: Mapping[str, Any]) -> dict[str, Any]:
        """Return a model's capabilities without those that this platform lacks."""
        lost = {CAPABILITY[gap] for gap in self.gaps if gap in CAPABILITY}
        return {
            name: {**value, "supported": False} if name in lost and isinstance(value, dict) else value
            for name, value in capabilities.items()
        }


REGION = Setting(
    "region",
    _("Region"),
    r"[a-z]{2,}(-[a-z0-9]+)+",
    _("For example us-east-1. The region is part of the address and of each signature."),
)
LOCATION = Setting(
    "region", _("Region"), r"[a-z]+(-[a-z0-9]+)*", _("global, us, eu, or a region such as us-east5.")
)
OPTIONAL_LOCATION = Setting(
    "region", _("Location"), r"[a-z]+(-[a-z0-9]+)*", _("Leave empty for global."), required=False
)
PROJECT = Setting(
    "project",
    _("Project ID"),
    r"([a-z0-9.-]+:)?[a-z][a-z0-9-]*",
    _("The ID of the Google Cloud project, not its number or name."),
)
WORKSPACE = Setting(
    "workspace", _("Workspace ID"), r"[A-Za-z0-9_-]+", _("Starts with wrkspc_ in the provider’s console.")
)
RESOURCE = Setting(
    "resource",
    _("Resource name"),
    r"[A-Za-z0-9][A-Za-z0-9-]*",
    _("The first part of https://NAME.services.ai.azure.com. Leave it empty if you enter a base URL."),
    required=False,  # a base URL can stand in for it
)

_AWS = (Entrance.API_KEY, Entrance.AWS_KEYS)
_AWS_AMBIENT = _(
    "The AWS identity of this server: its instance or task role, its web identity, AWS_ variables or the profile in "
    "its home folder."
)
_GOOGLE_AMBIENT = _(
    "The Google identity of this server: its attached service account, workload identity, or the file "
    "in GOOGLE_APPLICATION_CREDENTIALS."
)
_AZURE_AMBIENT = _(
    "The Azure identity of this server: its managed identity, or its workload identity in Kubernetes. "
    "Set AZURE_CLIENT_ID if there are several."
)
_FIRST_PARTY_ONLY = frozenset({Gap.CACHE_DIAGNOSTICS})
_ELSEWHERE = _FIRST_PARTY_ONLY | {Gap.FALLBACKS, Gap.INFERENCE_GEO}
_NO_SERVER_TOOLS = frozenset({Gap.SERVER_TOOLS, Gap.NEW_WEB_SEARCH, Gap.WEB_FETCH, Gap.CODE_EXECUTION})
_RESOLD = _ELSEWHERE | {Gap.BATCHES, Gap.FILES, Gap.MODELS_LIST, Gap.MCP_CONNECTOR, Gap.FAST_MODE}

PLATFORMS: dict[str, Platform] = {
    "anthropic": Platform(address="https://api.anthropic.com"),
    "aws": Platform(
        sdk_class="AnthropicAWS",
        settings=(REGION, WORKSPACE),
        entrances=_AWS,
        ambient=_AWS_AMBIENT,
        address="https://aws-external-anthropic.{region}.api.aws",
        gaps=_FIRST_PARTY_ONLY | {Gap.FAST_MODE},
    ),
    "bedrock": Platform(
        sdk_class="AnthropicBedrock",
        settings=(REGION,),
        entrances=_AWS,
        ambient=_AWS_AMBIENT,
        address="https://bedrock-runtime.{region}.amazonaws.com",
        version_in_address=True,
        gaps=_RESOLD
        | _NO_SERVER_TOOLS
        | {Gap.COUNT_TOKENS, Gap.URL_SOURCES, Gap.AUTOMATIC_CACHE, Gap.STRUCTURED_OUTPUTS},
        request_bytes=20 * MB,
        picture_bytes=5 * MB,
    ),
    "bedrock_mantle": Platform(
        sdk_class="AnthropicBedrockMantle",
        settings=(REGION,),
        entrances=_AWS,
        ambient=_AWS_AMBIENT,
        address="https://bedrock-mantle.{region}.api.aws/anthropic",
        gaps=_RESOLD | _NO_SERVER_TOOLS | {Gap.STRUCTURED_OUTPUTS},
        request_bytes=20 * MB,
        picture_bytes=5 * MB,
    ),
    "vertex": Platform(
        sdk_class="AnthropicVertex",
        settings=(PROJECT, LOCATION),
        entrances=(Entrance.SERVICE_ACCOUNT,),
        ambient=_GOOGLE_AMBIENT,
        address="https://{region}-aiplatform.googleapis.com/v1",
        version_in_address=True,
        addresses={
            "global": "https://aiplatform.googleapis.com/v1",
            "us": "https://aiplatform.us.rep.googleapis.com/v1",
            "eu": "https://aiplatform.eu.rep.googleapis.com/v1",
        },
        gaps=_RESOLD | {Gap.URL_SOURCES, Gap.NEW_WEB_SEARCH, Gap.WEB_FETCH, Gap.CODE_EXECUTION},
        request_bytes=30 * MB,
        picture_bytes=5 * MB,
    ),
    "google_cloud": Platform(
        sdk_class="AnthropicGoogleCloud",
        settings=(PROJECT, WORKSPACE, OPTIONAL_LOCATION),
        entrances=(Entrance.SERVICE_ACCOUNT,),
        ambient=_GOOGLE_AMBIENT,
        address="https://claude.googleapis.com/v1/projects/{project}/locations/{region}/workspaces/{workspace}/invoke",
        version_in_address=True,
        gaps=_ELSEWHERE | {Gap.MCP_CONNECTOR},
        request_bytes=30 * MB,
        picture_bytes=5 * MB,
        default_region="global",
    ),
    "foundry": Platform(
        sdk_class="AnthropicFoundry",
        settings=(RESOURCE,),
        entrances=(Entrance.API_KEY, Entrance.SERVICE_PRINCIPAL),
        ambient=_AZURE_AMBIENT,
        address="https://{resource}.services.ai.azure.com/anthropic/",
        gaps=_RESOLD
        | _NO_SERVER_TOOLS
        | {Gap.STRUCTURED_OUTPUTS, Gap.RATE_LIMIT_HEADERS, Gap.SYSTEM_MESSAGES},
    ),
    # The gaps of a compatible server are unknown here: its list of models states them.
    "compatible": Platform(),
    "simulator": Platform(),
    "local": Platform(
        gaps=_ELSEWHERE
        | _NO_SERVER_TOOLS
        | {Gap.BATCHES, Gap.FILES, Gap.MCP_CONNECTOR, Gap.URL_SOURCES, Gap.SYSTEM_MESSAGES, Gap.FAST_MODE}
        | {Gap.RATE_LIMIT_HEADERS, Gap.AUTOMATIC_CACHE, Gap.STRUCTURED_OUTPUTS}
    ),
}

# Base64 writes four bytes for three. A picture is encoded once, for the smallest limit of all platforms.
MOST_PICTURE_BYTES = min(platform.picture_bytes for platform in PLATFORMS.values()) // 4 * 3


def platform_of(kind: str) -> Platform:
    """Return what is known about a kind of connection; an unknown kind has nothing special."""
    return PLATFORMS.get(kind, PLATFORMS["compatible"])
