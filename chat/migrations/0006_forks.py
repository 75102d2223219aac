"""Conversations that are copies of others, whose messages and turns keep their times."""

import django.utils.timezone
from django.db import migrations, models

CREATED = models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created")


class Migration(migrations.Migration):
    dependencies = [("chat", "0005_assistant_greeting_and_picture")]

    operations = [
        migrations.AddField(
            "conversation",
            "forked_from",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=models.SET_NULL,
                related_name="forks",
                to="chat.conversation",
                verbose_name="copied from",
            ),
        ),
        migrations.AddField(
            "turn",
            "is_copy",
            models.BooleanField(db_default=False, default=False, editable=False, verbose_name="copy"),
        ),
        # The columns are the same: only the default moves from the field to its value.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField("message", "created_at", CREATED),
                migrations.AlterField("turn", "created_at", CREATED.clone()),
            ]
        ),
    ]
