"""Reads from an error's text that a request asked for more than the model's context, and the numbers that it names.

The wordings are those of vLLM, OpenRouter, llama.cpp, LM Studio, Ollama, text-generation-inference and the Messages
API itself, from their sources and public issues. Texts have at most `safe_text.TEXT_LIMIT` characters here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# A context outside these limits is a misreading.
MIN_CONTEXT_TOKENS, MAX_CONTEXT_TOKENS = 256, 100_000_000
# Fewer tokens than this are no useful answer.
MIN_ANSWER_TOKENS = 256
# Counts that are told as "about" are not exact, and some servers add a few tokens of their own.
SPARE_TOKENS = 16

_NUMBER = r"(\d{1,9})"
# The context window, by the words around it.
_LIMITS = tuple(
    re.compile(words.replace("#", _NUMBER))
    for words in (
        r"maximum context length (?:is|of) # tokens",
        r"maximum model length of #",
        r"context length of only # tokens",
        r"available context size \(# tokens\)",
        r"\bn_ctx\b[\"' ]{0,3}[:=]{1,2} ?#",
        r"context window of #",
        r"must be <= #\. given",
        r"tokens > # maximum",
        r"exceed context limit: \d{1,9} \+ \d{1,9} > #",
    )
)
# The tokens of the prompt alone.
_PROMPTS = tuple(
    re.compile(words.replace("#", _NUMBER))
    for words in (
        r"\(# (?:in the messages|in your prompt|of text input)",
        r"request has # input tokens",
        r"prompt contains (?:at least )?# input tokens",
        r"messages resulted in # tokens",
        r"decoder prompt \(length #\)",
        r"keep the first # tokens",
        r"n_keep: ?#",
        r"request \(# tokens\) exceeds",
        r"given: # `?inputs`? tokens",
        r"too long: # tokens",
        r"exceed context limit: # \+",
    )
)
_NAMES = (
    "prompt is too long",
    "exceed context limit",
    "exceeds the context window",
    "exceed context window",
    "exceeds the available context size",
    "exceeds the context length",
    "exceeds maximum context length",
    "exceeds context length",
    "greater than the context length",
    "when context the overflows",
    "when context overflows",
    "maximum context length",
    "maximum model length",
    "input is too long for requested model",
    "must be <= ",
)
# "must be <=" alone is said of many parameters.
_TOGETHER = ("inputs", "max_new_tokens")


# The longest answer, where that alone was exceeded.
_OUTPUTS = tuple(
    re.compile(words.replace("#", _NUMBER))
    for words in (
        r"max_tokens: \d{1,9} > #, which is the maximum",
        r"maximum tokens you requested exceeds the model limit of #",
        r"supports at most # completion tokens",
    )
)


@dataclass(frozen=True, slots=True)
class ContextOverflow:
    """A request that did not fit: the context window, the prompt and the longest answer, None where not told.

    `at_least` says that the server stopped counting the prompt early.
    """

    limit_tokens: int | None = None
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    at_least: bool = False

    def answer_tokens(self) -> int:
        """Return how long an answer to this prompt may be; 0 if that is too short or not known."""
        if self.output_tokens is not None:
            return self.output_tokens
        if self.limit_tokens is None or self.prompt_tokens is None:
            return 0
        room = self.limit_tokens - self.prompt_tokens - SPARE_TOKENS
        room = room // 2 if self.at_least else room
        return room if room >= MIN_ANSWER_TOKENS else 0


def read_overflow(text: str, error: Mapping[str, Any]) -> ContextOverflow | None:
    """Return what an error says about a context that is too small; None if it is about something else.

    `error` is the error's object, {} without one: llama.cpp has the numbers in fields of it.
    """
    lowered = text.lower()
    output = _found(_OUTPUTS, lowered)
    if output is not None:
        return ContextOverflow(output_tokens=_sensible(output, least=1))
    if error.get("type") != "exceed_context_size_error" and not _names_context(lowered):
        return None
    limit, prompt = _found(_LIMITS, lowered), _found(_PROMPTS, lowered)
    return ContextOverflow(
        limit_tokens=_sensible(limit or error.get("n_ctx")),
        prompt_tokens=_sensible(prompt or error.get("n_prompt_tokens"), least=1),
        at_least="at least" in lowered,
    )


def _names_context(lowered: str) -> bool:
    named = [words for words in _NAMES if words in lowered]
    return bool(named) and (named != ["must be <= "] or all(word in lowered for word in _TOGETHER))


def _found(expressions: tuple[re.Pattern[str], ...], text: str) -> int | None:
    found = (expression.search(text) for expression in expressions)
    return next((int(match[1]) for match in found if match), None)


def _sensible(value: Any, least: int = MIN_CONTEXT_TOKENS) -> int | None:
    return value if type(value) is int and least <= value <= MAX_CONTEXT_TOKENS else None
