"""How many bytes of files a person may store; see chat/operations/files/quota.py."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

DAILY = models.PositiveIntegerField(
    default=2000,
    help_text="A person who reaches it can upload again after midnight. 0 means no limit.",
    verbose_name="uploads per person and day (MB)",
)
STORED = models.PositiveIntegerField(
    default=20000,
    help_text=(
        "A person who reaches it has to delete conversations with files before more are stored. 0 means no limit."
    ),
    verbose_name="stored files per person (MB)",
)


class Migration(migrations.Migration):
    dependencies = [("chat", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="FileUsage",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="file_usage",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("total_bytes", models.PositiveBigIntegerField(default=0)),
                ("day", models.DateField(blank=True, null=True)),
                ("day_bytes", models.PositiveBigIntegerField(default=0)),
            ],
            options={"default_permissions": ()},
        ),
        migrations.AddField(model_name="historicalworkspace", name="daily_upload_mb", field=DAILY),
        migrations.AddField(model_name="historicalworkspace", name="stored_files_mb", field=STORED),
        migrations.AddField(model_name="workspace", name="daily_upload_mb", field=DAILY.clone()),
        migrations.AddField(model_name="workspace", name="stored_files_mb", field=STORED.clone()),
    ]
