"""The search index of projects' documents: see chat/models/project_passages.py."""

import django.db.models.deletion
from django.db import migrations, models

# `ascii` takes the tokens apart at spaces only: all characters beyond ASCII belong to tokens, and Parley makes no other
# separators. Positions are not needed, so the index goes without.
_SQLITE = [
    """
    CREATE VIRTUAL TABLE chat_projectpassage_tokens
    USING fts5(tokens, tokenize='ascii', detail='none', columnsize=0, prefix='2 3')
    """,
    """
    CREATE TRIGGER chat_projectpassage_gone AFTER DELETE ON chat_projectpassage
    BEGIN DELETE FROM chat_projectpassage_tokens WHERE rowid = OLD.id; END
    """,
]
_POSTGRESQL = [
    "ALTER TABLE chat_projectpassage ADD COLUMN tokens tsvector",
    "CREATE INDEX chat_projectpassage_tokens ON chat_projectpassage USING gin (tokens)",
]


def create_index(apps, editor):
    for statement in _SQLITE if editor.connection.vendor == "sqlite" else _POSTGRESQL:
        editor.execute(statement, params=None)


def drop_index(apps, editor):
    # PostgreSQL's index goes with its table.
    if editor.connection.vendor == "sqlite":
        editor.execute("DROP TRIGGER chat_projectpassage_gone", params=None)
        editor.execute("DROP TABLE chat_projectpassage_tokens", params=None)


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0017_effort_and_tools_of_a_conversation"),
    ]

    operations = [
        migrations.CreateModel(
            name="ProjectPassage",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("page", models.PositiveIntegerField(null=True, verbose_name="page")),
                ("start", models.PositiveIntegerField(verbose_name="begins at")),
                ("end", models.PositiveIntegerField(verbose_name="ends at")),
                ("text", models.TextField(verbose_name="text")),
            ],
            options={
                "verbose_name": "passage",
                "verbose_name_plural": "passages",
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="projectdocument",
            name="indexed",
            field=models.BooleanField(
                db_default=False, default=False, editable=False, verbose_name="indexed for search"
            ),
        ),
        migrations.AddIndex(
            model_name="projectdocument",
            index=models.Index(
                condition=models.Q(("indexed", False)), fields=["id"], name="project_document_not_indexed"
            ),
        ),
        migrations.AddField(
            model_name="projectpassage",
            name="document",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="passages",
                to="chat.projectdocument",
                verbose_name="document",
            ),
        ),
        migrations.RunPython(create_index, drop_index),
    ]
