"""Thinking signatures: made for an answer, and checked when the client sends the answer again.

A signature holds the model, the number of thinking tokens and two MACs: one of the thinking text as it was
shown, one of the prefix (workspace, model, system, tools, all earlier messages). Thinking blocks and cache
breakpoints are not part of the prefix, so later thinking stays valid when the thinking of completed turns is
left out or a breakpoint moves.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass

from chat.simulator.models import Model
from chat.simulator.prompts.prompt import Block, Prompt, is_thinking, without_cache_marks
from chat.simulator.transport.wire import encode, invalid, printable

SECRET = hashlib.sha256(b"the simulator's signing key: no secret, but stable over restarts").digest()
MAC_BYTES = 16
CONTENT_SECRET = b"encrypted search result"


@dataclass(frozen=True, slots=True)
class Signature:
    """The content of a signature: model, number of hidden thinking tokens, and two MACs."""

    model_id: str
    tokens: int
    text_mac: bytes
    prefix_mac: bytes


def _mac(*parts: bytes) -> bytes:
    return hmac.digest(SECRET, b"\x00".join(parts), "sha256")[:MAC_BYTES]


def _text_mac(model_id: str, tokens: int, shown: str) -> bytes:
    return _mac(b"text", model_id.encode(), str(tokens).encode(), shown.encode("utf-8", "surrogatepass"))


def sign(model: Model, tokens: int, shown: str, prefix: bytes) -> str:
    """Return the signature of a thinking block whose text is shown as `shown` (empty when omitted)."""
    text_mac = _text_mac(model.id, tokens, shown)
    head = f"S1:{model.id}:{tokens}:".encode()
    return base64.b64encode(head + text_mac + _mac(b"prefix", prefix, text_mac)).decode()


def read(signature: str) -> Signature | None:
    """Return the content of a signature without checking it; None if the simulator can't have made it."""
    try:
        version, model_id, tokens, macs = base64.b64decode(signature, validate=True).split(b":", 3)
        if version != b"S1" or len(macs) != 2 * MAC_BYTES:
            return None
        return Signature(model_id.decode(), int(tokens), macs[:MAC_BYTES], macs[MAC_BYTES:])
    except (binascii.Error, ValueError):
        return None


def _signature_of(block: Block) -> Signature | None:
    return read(block["signature"] if block["type"] == "thinking" else block["data"])


def replayed_tokens(block: Block, model: Model) -> int | None:
    """Return the prompt tokens of a thinking block; None if another model wrote it."""
    found = _signature_of(block)
    return found.tokens if found and found.model_id == model.id else None


class Prefix:
    """The running digest of a conversation without its thinking."""

    def __init__(self, prompt: Prompt, workspace: str) -> None:
        frame = [
            workspace,
            prompt.model.id,
            [without_cache_marks(b) for b in prompt.system],
            [without_cache_marks(t) for t in prompt.tools],
        ]
        self._state = hashlib.blake2b(encode(frame), digest_size=32)
        self._role = ""

    def open(self, role: str) -> None:
        """Begin a message; neighbours of the same role count as one message."""
        if role != self._role:
            self._state.update(b"\x00" + role.encode())
            self._role = role

    def add(self, block: Block) -> None:
        """Add a block that is not thinking."""
        self._state.update(b"\x01" + encode(without_cache_marks(block)))

    def digest(self) -> bytes:
        """Return the digest so far."""
        return self._state.digest()


def check(prompt: Prompt, workspace: str) -> Prefix:
    """Check all thinking of the request and return the prefix to which the answer's own thinking is bound.

    Raises:
        ApiError: 400 for a foreign or edited block, on prefix-bound models for a block after another prefix,
            and for
            thinking that is missing from the running tool loop.
    """
    prefix = Prefix(prompt, workspace)
    for turn in prompt.turns:
        prefix.open(turn.role)
        for (number, position), block in zip(turn.positions, turn.blocks, strict=True):
            if is_thinking(block):
                _check_block(f"messages.{number}.content.{position}", block, prompt.model, prefix.digest())
            else:
                prefix.add(block)
    _check_loop(prompt)
    prefix.open("assistant")
    return prefix


def _check_block(where: str, block: Block, model: Model, prefix: bytes) -> None:
    refused = f"Invalid `signature` in `{block['type']}` block"
    found = _signature_of(block)
    if found is None:
        raise invalid(where, refused)
    shown = block["thinking"] if block["type"] == "thinking" else ""
    if not hmac.compare_digest(found.text_mac, _text_mac(found.model_id, found.tokens, shown)):
        raise invalid(where, refused)
    # The server ignores blocks of other models, and models that are not prefix-bound accept any prefix.
    if found.model_id != model.id or not model.prefix_bound:
        return
    if not hmac.compare_digest(found.prefix_mac, _mac(b"prefix", prefix, found.text_mac)):
        raise invalid(where, f"{refused}: the block is bound to a different conversation")


def tool_use_id(digest: bytes, number: int, model: Model, *, thought: bool) -> str:
    """Return the id of a tool use. It hides, for the simulator alone, whether thinking came before the call."""
    nonce = printable(hashlib.sha256(digest + b"tool" + bytes([number % 256])).digest(), 12)
    return f"toolu_01{nonce}{_id_mark(nonce, model, thought)}"


def _id_mark(nonce: str, model: Model, thought: bool) -> str:
    return printable(_mac(b"tool", nonce.encode(), model.id.encode(), b"1" if thought else b"0"), 10)


def _had_thinking(block: Block, model: Model) -> bool:
    nonce, mark = block["id"][8:20], block["id"][20:]
    return hmac.compare_digest(mark.encode(), _id_mark(nonce, model, True).encode())


def _check_loop(prompt: Prompt) -> None:
    if prompt.thinking_type() in ("disabled", "between_tools"):
        return
    for turn in prompt.loop_turns():
        thought = any(b["type"] == "tool_use" and _had_thinking(b, prompt.model) for b in turn.blocks)
        if thought and not any(is_thinking(block) for block in turn.blocks):
            raise invalid(
                f"messages.{turn.positions[0][0]}.content.0.type",
                f"Expected `thinking` or `redacted_thinking`, but found `{turn.blocks[0]['type']}`. "
                "Thinking blocks of a running tool loop must be sent back unchanged.",
            )


def seal(text: str) -> str:
    """Return the encrypted_content of a simulated search result."""
    body = text.encode()
    return base64.b64encode(_mac(CONTENT_SECRET, body) + body).decode()


def check_sealed(prompt: Prompt) -> None:
    """Check that search results are sent again unchanged.

    Raises:
        ApiError: 400.
    """
    for turn in prompt.turns:
        for (number, position), block in zip(turn.positions, turn.blocks, strict=True):
            results = block.get("content") if block["type"] == "web_search_tool_result" else []
            for result in results if isinstance(results, list) else []:
                if not isinstance(result, dict) or not _is_sealed(result.get("encrypted_content")):
                    raise invalid(f"messages.{number}.content.{position}", "Invalid `encrypted_content`")


def _is_sealed(value: object) -> bool:
    try:
        raw = base64.b64decode(str(value), validate=True)
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(raw[:MAC_BYTES], _mac(CONTENT_SECRET, raw[MAC_BYTES:]))
