"""What people think of answers."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import chat.models.fields

REASONS = [
    ("correct", "Correct"),
    ("clear", "Clear"),
    ("complete", "Complete"),
    ("wrong", "Wrong or made up"),
    ("missed", "Missed what I asked"),
    ("incomplete", "Incomplete"),
    ("style", "Wrong style or language"),
    ("refused", "Refused without need"),
    ("harmful", "Harmful or offensive"),
    ("other", "Something else"),
]


def _copy(to: str, name: str) -> models.ForeignKey:
    return models.ForeignKey(
        blank=True,
        null=True,
        on_delete=django.db.models.deletion.SET_NULL,
        related_name="+",
        to=to,
        verbose_name=name,
    )


def _of(to: str, name: str) -> models.ForeignKey:
    return models.ForeignKey(
        on_delete=django.db.models.deletion.CASCADE, related_name="feedback", to=to, verbose_name=name
    )


class Migration(migrations.Migration):
    dependencies = [("chat", "0009_preferences_of_people")]

    operations = [
        migrations.CreateModel(
            name="Feedback",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=chat.models.fields.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "rating",
                    models.SmallIntegerField(
                        choices=[(1, "good answer"), (-1, "bad answer")], verbose_name="rating"
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True, choices=REASONS, default="", max_length=12, verbose_name="reason"
                    ),
                ),
                ("words", models.TextField(blank=True, default="", verbose_name="words")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="updated")),
                ("assistant", _copy("chat.assistant", "assistant")),
                ("message", _of("chat.message", "message")),
                ("model", _copy("chat.languagemodel", "model")),
                ("person", _of(settings.AUTH_USER_MODEL, "person")),
            ],
            options={
                "verbose_name": "feedback",
                "verbose_name_plural": "feedback",
                "constraints": [
                    models.UniqueConstraint(fields=("message", "person"), name="feedback_once"),
                    models.CheckConstraint(
                        condition=models.Q(("rating__in", (1, -1))), name="feedback_rating_known"
                    ),
                ],
            },
        ),
    ]
