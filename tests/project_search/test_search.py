"""Finding passages of a project, on both databases, in English and in scripts without spaces."""

from typing import Any

import pytest

from chat.models import Project, ProjectPassage, User
from chat.operations.projects import documents, edit
from chat.project_search.search import find_passages, query_tokens
from tests import factories

TEXTS = {
    "deck": "The deck of the bridge was laid in forty sections.",
    "cable": "Each cable of the bridge has 127 strands; cables are galvanised.",
    "다리": "다리의 높이는 91미터이고 너비는 12미터이다.",
    "橋": "橋の高さは九十一メートルです。",
}


def project_with(texts: dict[str, str], owner: User, name: str = "Bridge") -> Project:
    project = edit.create_project(owner=owner, name=name)
    for title, text in texts.items():
        documents.add_text(user=owner, project_id=project.id, name=title, text=text)
    return project


def found(project: Project, query: str, limit: int = 5) -> list[str]:
    return [passage.document.attachment.name for passage in find_passages(project, query, limit)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("galvanised cables", "cable.txt"),
        ("How was the DECK laid?", "deck.txt"),
        ("strand", "cable.txt"),
        ("높이", "다리.txt"),
        ("너비는 얼마인가요", "다리.txt"),
        ("高さ", "橋.txt"),
        ("橋", "橋.txt"),
    ],
)
def test_the_best_passage_comes_first(insider: User, query: str, first: str) -> None:
    assert found(project_with(TEXTS, insider), query)[0] == first


@pytest.mark.django_db
def test_other_projects_and_removed_documents_are_not_found(insider: User, outsider: User) -> None:
    project = project_with(TEXTS, insider)
    other = project_with({"secret": "The bridge is a fake."}, outsider, "Fake")
    assert found(other, "bridge") == ["secret.txt"]
    assert "secret.txt" not in found(project, "fake bridge")
    document = project.documents.get(attachment__name="deck.txt")
    documents.remove_document(user=insider, project_id=project.id, document_id=document.id)
    assert found(project, "deck") == []
    project.delete()
    assert set(ProjectPassage.objects.values_list("document__project", flat=True)) == {other.id}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query", ["'", '"', "a & b | !c", "NEAR(", "*", "\x00", "x" * 5_000, "％", "::tsquery"]
)
def test_no_query_breaks_the_index(insider: User, query: str) -> None:
    assert isinstance(found(project_with(TEXTS, insider), query), list)


def test_both_databases_find_the_same(any_database: str) -> None:
    project = project_with(TEXTS, factories.person())
    assert found(project, "bridge deck", 2) == ["deck.txt", "cable.txt"]
    assert found(project, "미터") == ["다리.txt"]
    assert str(ProjectPassage.objects.first()).startswith("The deck")
    project.delete()
    assert ProjectPassage.objects.count() == 0


def test_tokens_of_a_query() -> None:
    expected: list[Any] = [("bridge", True), ("높이", False), ("橋", True), ("is", False)]
    assert query_tokens("Bridges 높이 橋 is bridge") == expected
