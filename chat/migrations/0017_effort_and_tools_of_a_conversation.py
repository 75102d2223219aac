"""What people choose for the answers of a conversation: the effort, and tools that the model does not get."""

from django.db import migrations, models

import chat.models.fields


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0016_saved_prompts"),
    ]

    operations = [
        migrations.AddField(
            model_name="conversation",
            name="effort",
            field=models.CharField(
                blank=True,
                choices=[
                    ("low", "low"),
                    ("medium", "medium"),
                    ("high", "high"),
                    ("xhigh", "extra high"),
                    ("max", "maximum"),
                ],
                db_default="",
                default="",
                max_length=8,
                verbose_name="effort",
            ),
        ),
        migrations.AddField(
            model_name="conversation",
            name="tools_off",
            field=chat.models.fields.ExactJSONField(
                blank=True, db_default=[], default=list, verbose_name="tools switched off"
            ),
        ),
    ]
