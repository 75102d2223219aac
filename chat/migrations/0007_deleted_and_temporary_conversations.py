"""Conversations that were deleted and can be restored, and temporary ones; see chat/models/transcript/conversations.py."""

import django.core.validators
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

HOURS = models.PositiveSmallIntegerField(
    db_default=24,
    default=24,
    help_text=(
        "A temporary chat is deleted when the person leaves it, and at the latest after this time. 1 to 720 hours."
    ),
    validators=[
        django.core.validators.MinValueValidator(1),
        django.core.validators.MaxValueValidator(720),
    ],
    verbose_name="life of temporary chats (hours)",
)


def moment(name: str) -> models.DateTimeField:
    return models.DateTimeField(blank=True, null=True, verbose_name=name)


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0006_forks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField("conversation", "deleted_at", moment("deleted at")),
        migrations.AddField("conversation", "expires_at", moment("ends at")),
        migrations.AddIndex(
            "conversation",
            models.Index(
                fields=["deleted_at"], name="conversation_deleted", condition=Q(deleted_at__isnull=False)
            ),
        ),
        migrations.AddIndex(
            "conversation",
            models.Index(
                fields=["expires_at"], name="conversation_temporary", condition=Q(expires_at__isnull=False)
            ),
        ),
        migrations.AddField("historicalworkspace", "temporary_hours", HOURS),
        migrations.AddField("workspace", "temporary_hours", HOURS.clone()),
    ]
