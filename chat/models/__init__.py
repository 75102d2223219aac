"""The tables. Each model knows its own row; what spans rows is an operation."""

from chat.models.account_exports import AccountExport
from chat.models.assistants import Assistant
from chat.models.attachments import Attachment, FileUsage, StoredFile
from chat.models.budgets import Budget, BudgetHold, BudgetPeriod
from chat.models.connections import ProviderConnection
from chat.models.conversations import Conversation, Message
from chat.models.feedback import Feedback
from chat.models.imports import Import, ImportedConversation
from chat.models.keys import ApiKey
from chat.models.language_models import LanguageModel, ModelPrice
from chat.models.ledger import ApiCall
from chat.models.memory import MemoryEntry
from chat.models.people import User
from chat.models.project_passages import ProjectPassage
from chat.models.projects import Project, ProjectDocument, ProjectMember
from chat.models.prompts import PromptRevision, SystemPrompt
from chat.models.saved_prompts import SavedPrompt
from chat.models.search_entries import SearchEntry
from chat.models.shares import Share
from chat.models.tools import Approval, AssistantTool, McpGrant, McpServer, ToolCall, ToolDefinition
from chat.models.turns import Frame, FrameCount, Turn, TurnEvent
from chat.models.workspace import Workspace

__all__ = [
    "AccountExport",
    "ApiCall",
    "ApiKey",
    "Approval",
    "Assistant",
    "AssistantTool",
    "Attachment",
    "Budget",
    "BudgetHold",
    "BudgetPeriod",
    "Conversation",
    "Feedback",
    "FileUsage",
    "Frame",
    "FrameCount",
    "Import",
    "ImportedConversation",
    "LanguageModel",
    "McpGrant",
    "McpServer",
    "MemoryEntry",
    "Message",
    "ModelPrice",
    "Project",
    "ProjectDocument",
    "ProjectMember",
    "ProjectPassage",
    "PromptRevision",
    "ProviderConnection",
    "SavedPrompt",
    "SearchEntry",
    "Share",
    "StoredFile",
    "SystemPrompt",
    "ToolCall",
    "ToolDefinition",
    "Turn",
    "TurnEvent",
    "User",
    "Workspace",
]
