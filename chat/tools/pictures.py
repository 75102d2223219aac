"""Re-encodes pictures in tool results like attached ones, because they stay in the transcript.

A picture that the API refuses (too large, or not a picture) would be sent again with each later request.
"""

import base64

from chat.claude.content.blocks import Block
from chat.models.catalogue.platforms import MOST_PICTURE_BYTES
from chat.readers.errors import Exceeded, Refused
from chat.readers.pictures.sizes import OLDER_SIDE
from chat.readers.process import sandbox
from chat.tools.result import ToolResult, text_block
from chat.tools.threads import CHECKS, in_thread

MAX_PICTURES = 20


async def with_encoded_pictures(result: ToolResult) -> ToolResult:
    """Return the result with its pictures re-encoded, small enough for every model in any number."""
    if not any(block["type"] == "image" for block in result.content):
        return result
    return await in_thread(_all_encoded, result, limit=CHECKS)


def _all_encoded(result: ToolResult) -> ToolResult:
    content, pictures = [], 0
    for block in result.content:
        if block["type"] == "image":
            pictures += 1
            block = (
                _encoded(block)
                if pictures <= MAX_PICTURES
                else text_block(f"[one picture more than the {MAX_PICTURES} that a tool may give at once]")
            )
        content.append(block)
    return ToolResult(content, result.is_error)


def _encoded(block: Block) -> Block:
    data = base64.b64decode(block["source"]["data"])
    try:
        found = sandbox.run(
            "picture", data, bounds=sandbox.FILES, side=OLDER_SIDE, max_bytes=MOST_PICTURE_BYTES
        )
    except Refused as refused:
        return text_block(_MESSAGES.get(refused.code, _MESSAGES["unreadable"]).format(**refused.numbers))
    except Exceeded:
        return text_block("[a picture that takes too much to decode]")
    encoded = base64.b64encode(found.parts[0]).decode()
    source = {"type": "base64", "media_type": found.value[0]["media_type"], "data": encoded}
    return {"type": "image", "source": source}


_MESSAGES = {
    "unreadable": "[a picture that could not be read]",
    "too_large": "[a picture of {pixels} megapixels; at most {most} are taken in its format]",
}
