"""A conversation as a transcript, for the superusers who may read it."""

from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from chat.claude.encoding.exact_numbers import indented_json
from chat.models import Conversation, Feedback, Message

SHOWN_MESSAGES = 200
CUT = 20_000  # characters of one block


def transcript(conversation: Conversation) -> SafeString:
    """Return the shown path of a conversation. Of a long one, the newest messages."""
    shown = list(Message.objects.path_to(conversation.active_leaf_id, SHOWN_MESSAGES))
    opinions = Feedback.objects.filter(
        message__in=[message.pk for message in shown], person=conversation.owner_id
    )
    feedback = {opinion.message_id: opinion for opinion in opinions}
    context = {
        "messages": [{**_message(message), "feedback": feedback.get(message.pk)} for message in shown],
        "left_out": shown[0].depth if shown else 0,
    }
    return render_to_string("admin/chat/conversation/transcript.html", context)


def _message(message: Message) -> dict[str, Any]:
    content = message.content if isinstance(message.content, list) else []
    blocks = [_block(block) for block in content if isinstance(block, dict)]
    return {
        "row": message,
        "asked": message.role == Message.Role.USER and message.kind == Message.Kind.CHAT,
        "blocks": [block for block in blocks if block["text"].strip()],
    }


def _block(block: dict[str, Any]) -> dict[str, str]:
    """Return a block as {"title": "" for plain text, "text": …}. Blocks with a title are folded."""
    match block.get("type"):
        case "text":
            title, text = "", str(block.get("text", ""))
        case "thinking":
            title, text = _("Thinking"), str(block.get("thinking", ""))
        case "tool_use" | "server_tool_use" | "mcp_tool_use":
            title = _("Tool call: %(name)s") % {"name": block.get("name", "")}
            text = indented_json(block.get("input"))
        case kind:
            title, text = str(kind), indented_json(block)
    return {"title": title, "text": text if len(text) <= CUT else text[:CUT] + "…"}
