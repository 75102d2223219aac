"""Prompts that people save, share with groups and insert into their messages."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import chat.models.accounts.saved_prompts
import chat.models.fields


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("chat", "0015_search_index"),
    ]

    operations = [
        migrations.CreateModel(
            name="SavedPrompt",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=chat.models.fields.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "command",
                    models.CharField(
                        help_text="What is typed after the slash, such as summary for /summary.",
                        max_length=40,
                        validators=[chat.models.accounts.saved_prompts.validate_command],
                        verbose_name="command",
                    ),
                ),
                (
                    "description",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="description"),
                ),
                (
                    "text",
                    models.TextField(
                        help_text="{{topic}} asks for a value, {{tone=friendly}} has one already, {{size:short|long}} offers a choice. {{today}} and {{now}} are filled in.",
                        max_length=50000,
                        verbose_name="text",
                    ),
                ),
                ("for_everyone", models.BooleanField(default=False, verbose_name="available to everyone")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="updated")),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True, related_name="saved_prompts", to="auth.group", verbose_name="shared with"
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_prompts",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
            ],
            options={
                "verbose_name": "saved prompt",
                "verbose_name_plural": "saved prompts",
                "constraints": [
                    models.UniqueConstraint(fields=("owner", "command"), name="saved_prompt_command_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("owner", None)),
                        fields=("command",),
                        name="saved_prompt_command_once_for_all",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("for_everyone", False), ("owner", None), _connector="OR"),
                        name="saved_prompt_for_everyone_is_staffs",
                    ),
                ],
            },
        ),
    ]
