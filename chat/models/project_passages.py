"""Passages of projects' documents, with their tokens in the full-text index of the database.

SQLite keeps the tokens in an FTS5 table beside this one, PostgreSQL in a column with a GIN index; migration
`project_passages` creates both. The tokens are made here, so both databases find the same.
"""

import uuid
from collections.abc import Sequence

from django.db import connection, models, transaction
from django.utils.translation import gettext_lazy as _

from chat.models.projects import ProjectDocument
from chat.search_text.markup import fold_without_marks
from chat.search_text.tokens import index_tokens

_ADD_SQLITE = "INSERT INTO chat_projectpassage_tokens (rowid, tokens) VALUES (%s, %s)"
_ADD_POSTGRESQL = "UPDATE chat_projectpassage SET tokens = array_to_tsvector(%s) WHERE id = %s"
_FIND_SQLITE = (
    "SELECT rowid FROM chat_projectpassage_tokens WHERE chat_projectpassage_tokens MATCH %s LIMIT %s"
)
_FIND_POSTGRESQL = "SELECT id FROM chat_projectpassage WHERE tokens @@ %s::tsquery LIMIT %s"


def project_token(project_id: uuid.UUID) -> str:
    """Return the token that all passages of one project have."""
    return f"project{project_id.hex}"


class ProjectPassageQuerySet(models.QuerySet["ProjectPassage"]):
    def add(self, project_id: uuid.UUID, passages: Sequence["ProjectPassage"]) -> None:
        """Write new passages of one project with their tokens."""
        with transaction.atomic():
            made = ProjectPassage.objects.bulk_create(passages)
            rows = [
                (row.pk, [project_token(project_id), *index_tokens(fold_without_marks(row.text))])
                for row in made
            ]
            with connection.cursor() as cursor:
                if connection.vendor == "sqlite":
                    cursor.executemany(_ADD_SQLITE, [(pk, " ".join(tokens)) for pk, tokens in rows])
                else:
                    cursor.executemany(_ADD_POSTGRESQL, [(tokens, pk) for pk, tokens in rows])

    def ids_with(self, project_id: uuid.UUID, token: str, *, is_prefix: bool, limit: int) -> list[int]:
        """Return the ids of up to `limit` passages of a project that have a token, or one that begins so."""
        within, more = project_token(project_id), is_prefix
        if connection.vendor == "sqlite":
            statement, asked = _FIND_SQLITE, f'{within} AND "{token}"{"*" if more else ""}'
        else:
            statement, asked = _FIND_POSTGRESQL, f"{within} & '{token}'{':*' if more else ''}"
        with connection.cursor() as cursor:
            cursor.execute(statement, [asked, limit])
            return [row[0] for row in cursor.fetchall()]


class ProjectPassage(models.Model):
    """A part of a document: characters `start` to `end` of its text, or a part of page `page` of a PDF."""

    id = models.BigAutoField(primary_key=True)
    document = models.ForeignKey(
        ProjectDocument, models.CASCADE, related_name="passages", verbose_name=_("document")
    )
    page = models.PositiveIntegerField(_("page"), null=True)
    start = models.PositiveIntegerField(_("begins at"))
    end = models.PositiveIntegerField(_("ends at"))
    text = models.TextField(_("text"))

    objects = ProjectPassageQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        verbose_name = _("passage")
        verbose_name_plural = _("passages")

    def __str__(self) -> str:
        return self.text[:60]
