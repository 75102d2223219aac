"""The search index: see chat/models/transcript/search_entries.py. Existing messages are indexed by a job afterwards."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

import chat.models.fields

# `ascii` takes the tokens apart at spaces only: all characters beyond ASCII belong to tokens, and Parley makes no other
# separators. Positions are not needed, so the index goes without.
_TABLE = """
CREATE VIRTUAL TABLE chat_searchentry_tokens
USING fts5(tokens, tokenize='ascii', detail='none', columnsize=0, prefix='2 3')
"""
_TRIGGER = """
CREATE TRIGGER chat_searchentry_gone AFTER DELETE ON chat_searchentry
BEGIN DELETE FROM chat_searchentry_tokens WHERE rowid = OLD.id; END
"""
# Short rows: a search reads many ids before it reads a few texts. A short list of pending changes (kB): every search
# reads it, but without one each new message costs a write for each of its tokens.
_POSTGRESQL = [
    "ALTER TABLE chat_searchentry ADD COLUMN tokens tsvector",
    "ALTER TABLE chat_searchentry SET (toast_tuple_target = 128)",
    "CREATE INDEX chat_searchentry_tokens ON chat_searchentry USING gin (tokens) WITH (gin_pending_list_limit = 256)",
]


def create_index(apps, editor):
    for statement in (_TABLE, _TRIGGER) if editor.connection.vendor == "sqlite" else _POSTGRESQL:
        editor.execute(statement, params=None)


def drop_index(apps, editor):
    # PostgreSQL's index goes with its table.
    if editor.connection.vendor == "sqlite":
        editor.execute("DROP TRIGGER chat_searchentry_gone", params=None)
        editor.execute("DROP TABLE chat_searchentry_tokens", params=None)


class Migration(migrations.Migration):
    dependencies = [("chat", "0014_shares")]

    operations = [
        migrations.AddField(
            "conversation",
            "folded_title",
            chat.models.fields.FoldedTextField(
                editable=False, null=True, of="title", verbose_name="title for search"
            ),
        ),
        migrations.AddIndex(
            "conversation",
            models.Index(
                condition=Q(folded_title=None) & ~Q(title=""),
                fields=["id"],
                name="conversation_title_not_folded",
            ),
        ),
        migrations.AddField(
            "message",
            "indexed",
            models.BooleanField(
                db_default=False, default=False, editable=False, verbose_name="indexed for search"
            ),
        ),
        migrations.AddIndex(
            "message",
            models.Index(condition=Q(indexed=False, kind="chat"), fields=["id"], name="message_not_indexed"),
        ),
        migrations.CreateModel(
            name="SearchEntry",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("folded", models.TextField()),
                (
                    "conversation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="search_entries",
                        to="chat.conversation",
                    ),
                ),
                (
                    "message",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="search_entry",
                        to="chat.message",
                    ),
                ),
            ],
        ),
        migrations.RunPython(create_index, drop_index),
    ]
