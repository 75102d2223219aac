"""The tables. Each model knows its own row; what spans rows is an operation."""

from chat.models.accounts.account_exports import AccountExport
from chat.models.accounts.keys import ApiKey
from chat.models.accounts.memory import MemoryEntry
from chat.models.accounts.people import User
from chat.models.accounts.saved_prompts import SavedPrompt
from chat.models.catalogue.assistants import Assistant
from chat.models.catalogue.connections import ProviderConnection
from chat.models.catalogue.language_models import LanguageModel, ModelPrice
from chat.models.catalogue.prompts import PromptRevision, SystemPrompt
from chat.models.catalogue.tools import Approval, AssistantTool, McpGrant, McpServer, ToolDefinition
from chat.models.catalogue.workspace import Workspace
from chat.models.money.budgets import Budget, BudgetHold, BudgetPeriod
from chat.models.money.ledger import ApiCall
from chat.models.project_passages import ProjectPassage
from chat.models.projects import Project, ProjectDocument, ProjectMember
from chat.models.transcript.attachments import Attachment, FileUsage, StoredFile
from chat.models.transcript.conversations import Conversation, Message
from chat.models.transcript.feedback import Feedback
from chat.models.transcript.imports import Import, ImportedConversation
from chat.models.transcript.search_entries import SearchEntry
from chat.models.transcript.shares import Share
from chat.models.transcript.tool_calls import ToolCall
from chat.models.transcript.turns import Frame, FrameCount, Turn, TurnEvent

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
