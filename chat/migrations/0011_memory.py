"""Memory and instructions of people, both empty and off, and the workspace's switch."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import chat.models.fields

OFFERS = models.BooleanField(
    db_default=True,
    default=True,
    help_text="People can switch on notes about themselves that each of their new conversations is told. Off: no conversation is told any, and they stay where they are.",
    verbose_name="offer memory to people",
)


class Migration(migrations.Migration):
    dependencies = [("chat", "0010_feedback")]

    operations = [
        migrations.AddField("workspace", "offers_memory", OFFERS),
        migrations.AddField("historicalworkspace", "offers_memory", OFFERS.clone()),
        migrations.AddField(
            "user",
            "instructions",
            models.TextField(blank=True, db_default="", default="", verbose_name="instructions"),
        ),
        migrations.AddField(
            "user",
            "uses_memory",
            models.BooleanField(db_default=False, default=False, verbose_name="uses memory"),
        ),
        migrations.CreateModel(
            name="MemoryEntry",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=chat.models.fields.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("text", models.CharField(max_length=500, verbose_name="text")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="updated")),
                (
                    "conversation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="chat.conversation",
                        verbose_name="conversation",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memory_entries",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "memory entry",
                "verbose_name_plural": "memory entries",
                "constraints": [models.UniqueConstraint(fields=("user", "text"), name="memory_entry_once")],
            },
        ),
    ]
