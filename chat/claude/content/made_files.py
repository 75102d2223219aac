"""Which files an answer made by running code: the outputs of code execution name them by the provider's ids.

Source of the formats: the SDK's types of `code_execution_tool_result` and its siblings.
"""

import re
from typing import Any

_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
MOST_FILES = 50


def made_file_ids(block: Any) -> list[str]:
    """Return the ids of the files in one content block of an answer, without repetitions."""
    if not isinstance(block, dict) or not str(block.get("type", "")).endswith("code_execution_tool_result"):
        return []
    result = block.get("content")
    outputs = result.get("content") if isinstance(result, dict) else None
    ids = (
        [output.get("file_id") for output in outputs if isinstance(output, dict)]
        if isinstance(outputs, list)
        else []
    )
    named = [name for name in ids if isinstance(name, str) and _ID.fullmatch(name)]
    return list(dict.fromkeys(named))[:MOST_FILES]


def is_made_in(content: Any, file_id: str) -> bool:
    """Return whether an answer's content names this file as made in it."""
    return isinstance(content, list) and any(file_id in made_file_ids(block) for block in content)
