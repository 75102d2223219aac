"""The models that answer a message after a turn, so that their answers can be compared: chat/operations/turns/comparison.py."""

from django.db import migrations, models

import chat.models.fields


class Migration(migrations.Migration):
    dependencies = [("chat", "0018_project_passages")]

    operations = [
        migrations.AddField(
            model_name="turn",
            name="compare_with",
            field=chat.models.fields.ExactJSONField(blank=True, null=True, verbose_name="answers next"),
        ),
        migrations.AddField(
            model_name="turn",
            name="next_due",
            field=models.BooleanField(
                db_default=False, default=False, editable=False, verbose_name="next answer is due"
            ),
        ),
        migrations.AddIndex(
            model_name="turn",
            index=models.Index(
                condition=models.Q(("next_due", True)), fields=["created_at"], name="turn_next_due"
            ),
        ),
    ]
