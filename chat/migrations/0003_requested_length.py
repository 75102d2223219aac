"""The length that a person asks of an answer when it is retried: see chat/claude/request/requested_length.py."""

from django.db import migrations, models

LENGTH = models.CharField(
    blank=True,
    choices=[("shorter", "shorter"), ("longer", "longer")],
    default="",
    max_length=8,
    verbose_name="requested length",
)


class Migration(migrations.Migration):
    dependencies = [("chat", "0002_limits_of_files")]

    operations = [
        migrations.AddField(model_name="message", name="requested_length", field=LENGTH),
        migrations.AddField(model_name="turn", name="requested_length", field=LENGTH.clone()),
    ]
