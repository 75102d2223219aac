"""What a model supports, read from its row and its platform into one value.

A row holds the JSON of the provider's models endpoint or of the catalogue; each capability there is true, false or
{"supported": true, …}. One default rule: a capability that the row doesn't mention is unsupported, except those in
`ASSUMED`, which are supported unless the platform lacks them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from chat.claude.limits.compaction import COMPACTION_EDIT
from chat.models.catalogue.platforms import Gap, platform_of
from chat.readers.pictures.sizes import USEFUL_SIDE

ASSUMED: Mapping[str, Gap | None] = {
    "context": None,
    "image_input": None,
    "pdf_input": None,
    "citations": None,
    "server_tools": Gap.SERVER_TOOLS,
    "code_execution": Gap.CODE_EXECUTION,
    "mcp_connector": Gap.MCP_CONNECTOR,
}
# The platforms whose API summarises by itself.
_COMPACTING_KINDS = ("anthropic", "simulator")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Which features of the Messages API a model supports through its connection.

    `context` is the line about date, language and name, `mcp_connector` calls of MCP servers by the provider,
    `compaction` summaries by the API. `thinking_types` holds adaptive, enabled, disabled and between_tools, as far as
    the model takes them; `efforts` the effort levels; `effort_limits` the highest level together with a type of
    thinking, None where the row doesn't say; `default_effort` the level used when none is asked for. Pictures are of
    use up to `image_side_pixels` a side.
    """

    context: bool
    image_input: bool
    pdf_input: bool
    citations: bool
    server_tools: bool
    code_execution: bool
    mcp_connector: bool
    system_messages: bool
    structured_outputs: bool
    forced_tool_choice: bool
    compaction: bool
    thinking_types: frozenset[str]
    efforts: frozenset[str]
    effort_limits: Mapping[str, str] | None
    default_effort: str
    image_side_pixels: int

    @classmethod
    def read(cls, row: Any, kind: str, *, takes_mcp_tokens: bool = True) -> Self:
        """Return what a row's JSON says for a connection of this kind; anything malformed counts as not mentioned.

        Without `takes_mcp_tokens` the provider calls no MCP servers, whatever the row says.
        """
        facts = row if isinstance(row, dict) else {}
        assumed = _assumed(kind)
        effort, thinking = _part(facts, "effort"), _part(facts, "thinking")
        limits, pixels = thinking.get("effort_limits"), _part(facts, "image_input").get("side_pixels")
        plain = ("system_messages", "structured_outputs", "forced_tool_choice")
        named = {name: _supported(facts.get(name), default=name in assumed) for name in (*ASSUMED, *plain)}
        return cls(
            **{**named, "mcp_connector": named["mcp_connector"] and takes_mcp_tokens},
            compaction=kind in _COMPACTING_KINDS
            and COMPACTION_EDIT in _all_supported(_part(facts, "context_management")),
            thinking_types=_all_supported(_part(thinking, "types")),
            efforts=_all_supported(effort),
            effort_limits=limits if isinstance(limits, dict) else None,
            default_effort=str(effort.get("default")),
            image_side_pixels=pixels if isinstance(pixels, int) and pixels > 0 else USEFUL_SIDE,
        )


def _assumed(kind: str) -> set[str]:
    platform = platform_of(kind)
    assumed = {name for name, gap in ASSUMED.items() if gap is None or not platform.lacks(gap)}
    # Tokens of MCP servers go to an unknown server only if its row says that it calls them.
    return assumed - {"mcp_connector"} if kind == "compatible" else assumed


def _supported(value: Any, *, default: bool = False) -> bool:
    stated = value.get("supported") if isinstance(value, dict) else value
    return default if stated is None else bool(stated)


def _all_supported(part: Mapping[str, Any]) -> frozenset[str]:
    names = part.keys() - {"supported", "default"}
    return frozenset(name for name in names if _supported(part[name]))


def _part(value: Mapping[str, Any], key: str) -> dict[str, Any]:
    part = value.get(key)
    return part if isinstance(part, dict) else {}
