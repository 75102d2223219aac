"""Exports of accounts, and when a closed account will be deleted."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import chat.models.fields

STATUSES = [("queued", "queued"), ("running", "running"), ("done", "done"), ("failed", "failed")]


class Migration(migrations.Migration):
    dependencies = [("chat", "0011_memory")]

    operations = [
        migrations.AddField(
            "user",
            "deletion_at",
            models.DateTimeField(blank=True, null=True, verbose_name="will be deleted"),
        ),
        migrations.CreateModel(
            name="AccountExport",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=chat.models.fields.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "status",
                    models.CharField(choices=STATUSES, default="queued", max_length=8, verbose_name="status"),
                ),
                ("done", models.PositiveIntegerField(default=0, verbose_name="conversations written")),
                ("total", models.PositiveIntegerField(default=0, verbose_name="conversations")),
                ("size_bytes", models.PositiveBigIntegerField(default=0, verbose_name="size (bytes)")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="updated")),
                ("expires_at", models.DateTimeField(blank=True, null=True, verbose_name="expires")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="exports",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "account export",
                "verbose_name_plural": "account exports",
                "default_permissions": (),
            },
        ),
    ]
