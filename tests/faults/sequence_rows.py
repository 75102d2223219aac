"""The rows that random sequences share: a person with files, models of several platforms, assistants with tools."""

from typing import Any

AMBIENT = {"credential_env": "ambient"}
KEYS = ("sk-one", "sk-another", "sk-third")
# Name, kind, and the other fields of such a connection.
CONNECTIONS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("Main", "anthropic", {}),
    ("Spare", "anthropic", {}),
    ("Amazon", "aws", {"region": "us-east-1", "workspace": "wrkspc_1"}),
    ("Google", "vertex", {"region": "global", "project": "project", "credential": "", **AMBIENT}),
    ("Mantle", "bedrock_mantle", {"region": "us-east-1"}),
)
CONTEXT_WINDOW = 100_000
MCP_URL = "https://shop.example.test/mcp"


def _project_files() -> tuple[tuple[str, bytes], ...]:
    from tests.support import media

    return ("plan.pdf", media.pdf("Plan", "Section")), ("table.csv", b"part,length\ndeck,40\n")


PROJECT_FILES = _project_files()


class SequenceRows:
    """The rows, created once; `reread` returns them as they are in the database."""

    def __init__(self) -> None:
        from chat.models import Assistant, LanguageModel, PromptRevision, SystemPrompt
        from tests import factories

        self.person = factories.person()
        self._create_connections()
        usable = LanguageModel.objects.exclude(lifecycle="retired")
        usable.update(enabled=True, max_input_tokens=CONTEXT_WINDOW)
        self.models = list(LanguageModel.objects.usable().order_by("model_id", "id"))
        # After a refusal the next model in this ring answers.
        for model, following in zip(self.models, [*self.models[1:], self.models[0]], strict=True):
            LanguageModel.objects.filter(id=model.id).update(fallback=following)
        self.assistants = []
        for name in ("Guide", "Poet"):
            prompt = SystemPrompt.objects.create(name=name)
            blocks = [{"text": f"You are the {name}.", "cache": "1h"}]
            PromptRevision.objects.create(prompt=prompt, number=1, blocks=blocks)
            self.assistants.append(Assistant.objects.create(name=name, prompt=prompt))
        self._add_tools(self.assistants[0])
        self._add_search()
        self.files = [str(file.id) for file in self._create_files()]

    @classmethod
    def reread(cls) -> "SequenceRows":
        """Return the rows anew: a sequence changes its instances in memory."""
        from chat.models import Assistant, Attachment, LanguageModel, User

        rows = cls.__new__(cls)
        rows.person = User.objects.get(email="insider@example.test")
        rows.models = list(LanguageModel.objects.usable().order_by("model_id", "id"))
        rows.assistants = list(Assistant.objects.select_related("prompt").order_by("name"))
        rows.files = [str(file.id) for file in Attachment.objects.order_by("name")]
        rows.project_files = PROJECT_FILES
        return rows

    def models_with_compaction(self) -> list[Any]:
        """Return the models whose API writes summaries."""
        return [model for model in self.models if model.supports.compaction]

    def _create_connections(self) -> None:
        from chat.operations.catalogue.seed import Loaded, load_models
        from tests import factories

        for number, (name, kind, fields) in enumerate(CONNECTIONS):
            defaults = {"base_url": "http://127.0.0.1:9", "credential": KEYS[number % len(KEYS)]}
            load_models(factories.provider(name, kind=kind, **{**defaults, **fields}), Loaded())

    def _add_tools(self, assistant: Any) -> None:
        """Link functions, tools that the provider runs, and a server that the provider calls to an assistant."""
        from chat.models import AssistantTool, ToolDefinition
        from chat.tools.provided import PROVIDED
        from tests.operations.request.test_tool_selection import connected, give_connected

        for name in ("weather", "map"):
            tool = ToolDefinition.objects.create(name=name, kind="python", target=name, description=name)
            AssistantTool.objects.create(assistant=assistant, tool=tool)
        for name, (title, options) in PROVIDED.items():
            fields = {"kind": "server", "title": title, "options": options, "approval": "allow"}
            tool, _made = ToolDefinition.objects.update_or_create(
                name=name, defaults={**fields, "enabled": True}
            )
            AssistantTool.objects.create(assistant=assistant, tool=tool, order=1)
        give_connected(assistant, connected(), "add", approval="allow")

    def _add_search(self) -> None:
        """Create the row of the tool that searches projects, as every start does."""
        from chat.models import ToolDefinition

        fields = {"kind": "python", "target": "search_project", "approval": "allow"}
        ToolDefinition.objects.create(name="search_project", description="Search.", **fields)

    def _create_files(self) -> list[Any]:
        from chat.operations.files.uploads import store_upload
        from tests.support import media

        contents = {
            "a.png": media.picture("PNG", (60, 40)),
            "b.pdf": media.pdf("One", "Two"),
            "c.txt": b"The bridge is high.",
        }
        return [store_upload(owner=self.person, name=name, data=data) for name, data in contents.items()]
