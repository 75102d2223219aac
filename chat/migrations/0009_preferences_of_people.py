"""A person's preferences of the page: theme, text size, send key and time zone. Empty is the usual."""

from django.db import migrations, models

import chat.models.accounts.time_zones


def _preference(**options: object) -> models.CharField:
    return models.CharField(**{"blank": True, "default": "", "db_default": "", **options})


class Migration(migrations.Migration):
    dependencies = [("chat", "0008_projects")]

    operations = [
        migrations.AddField(
            "user",
            "theme",
            _preference(choices=[("light", "Light"), ("dark", "Dark")], max_length=8, verbose_name="theme"),
        ),
        migrations.AddField(
            "user",
            "text_size",
            _preference(
                choices=[("small", "Small"), ("large", "Large"), ("larger", "Larger")],
                max_length=8,
                verbose_name="text size",
            ),
        ),
        migrations.AddField(
            "user",
            "send_key",
            _preference(
                choices=[("ctrl_enter", "Ctrl+Enter sends, Enter breaks the line")],
                max_length=12,
                verbose_name="send key",
            ),
        ),
        migrations.AddField(
            "user",
            "time_zone",
            _preference(
                max_length=64,
                validators=[chat.models.accounts.time_zones.validate_time_zone],
                verbose_name="time zone",
            ),
        ),
    ]
