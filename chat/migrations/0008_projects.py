"""Projects with their documents and members."""

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import chat.models.fields


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("chat", "0007_deleted_and_temporary_conversations"),
    ]

    operations = [
        migrations.AddField(
            model_name="historicalworkspace",
            name="project_share_percent",
            field=models.PositiveSmallIntegerField(
                db_default=30,
                default=30,
                help_text="While a project’s documents take no more than this, each request holds them whole. Beyond it, the model searches them. 0 means that it always searches.",
                validators=[django.core.validators.MaxValueValidator(80)],
                verbose_name="share of the context window for a project’s documents (percent)",
            ),
        ),
        migrations.AddField(
            model_name="workspace",
            name="project_share_percent",
            field=models.PositiveSmallIntegerField(
                db_default=30,
                default=30,
                help_text="While a project’s documents take no more than this, each request holds them whole. Beyond it, the model searches them. 0 means that it always searches.",
                validators=[django.core.validators.MaxValueValidator(80)],
                verbose_name="share of the context window for a project’s documents (percent)",
            ),
        ),
        migrations.CreateModel(
            name="Project",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=chat.models.fields.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                        verbose_name="id",
                    ),
                ),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                ("description", models.CharField(blank=True, max_length=300, verbose_name="description")),
                ("instructions", models.TextField(blank=True, verbose_name="instructions")),
                ("memory", models.TextField(blank=True, verbose_name="memory")),
                ("archived", models.BooleanField(default=False, verbose_name="archived")),
                (
                    "document_tokens",
                    models.PositiveBigIntegerField(default=0, verbose_name="tokens of its documents"),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="updated")),
                (
                    "assistant",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="chat.assistant",
                        verbose_name="default assistant",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="projects",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
            ],
            options={
                "verbose_name": "project",
                "verbose_name_plural": "projects",
            },
        ),
        migrations.AddField(
            model_name="conversation",
            name="project",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="conversations",
                to="chat.project",
                verbose_name="project",
            ),
        ),
        migrations.CreateModel(
            name="ProjectDocument",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=chat.models.fields.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                        verbose_name="id",
                    ),
                ),
                ("position", models.PositiveIntegerField(verbose_name="position")),
                ("tokens", models.PositiveIntegerField(verbose_name="tokens")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                (
                    "attachment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="project_documents",
                        to="chat.attachment",
                        verbose_name="attachment",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="documents",
                        to="chat.project",
                        verbose_name="project",
                    ),
                ),
            ],
            options={
                "verbose_name": "project document",
                "verbose_name_plural": "project documents",
            },
        ),
        migrations.CreateModel(
            name="ProjectMember",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[("view", "can use it"), ("edit", "can edit it")],
                        default="view",
                        max_length=4,
                        verbose_name="role",
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="project_shares",
                        to="auth.group",
                        verbose_name="group",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="project_shares",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="members",
                        to="chat.project",
                        verbose_name="project",
                    ),
                ),
            ],
            options={
                "verbose_name": "project member",
                "verbose_name_plural": "project members",
            },
        ),
        migrations.AddIndex(
            model_name="project",
            index=models.Index(fields=["owner", "archived", "-updated_at"], name="project_list"),
        ),
        migrations.AddIndex(
            model_name="projectdocument",
            index=models.Index(fields=["project", "position"], name="project_document_order"),
        ),
        migrations.AddConstraint(
            model_name="projectdocument",
            constraint=models.UniqueConstraint(
                fields=("project", "attachment"), name="project_document_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="projectmember",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("group__isnull", True), ("person__isnull", False)),
                    models.Q(("group__isnull", False), ("person__isnull", True)),
                    _connector="OR",
                ),
                name="project_member_is_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="projectmember",
            constraint=models.UniqueConstraint(fields=("project", "person"), name="project_person_once"),
        ),
        migrations.AddConstraint(
            model_name="projectmember",
            constraint=models.UniqueConstraint(fields=("project", "group"), name="project_group_once"),
        ),
    ]
