"""Words for what staff read: the decision about a tool call, and the ids of rows."""

from django.db import migrations, models

from chat.models.fields import uuid7

ID = models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False, verbose_name="id")
DECISION = models.CharField(
    blank=True,
    choices=[("approve", "Allowed"), ("edit", "Allowed with edited input"), ("deny", "Denied")],
    default="",
    max_length=8,
    verbose_name="decision",
)


class Migration(migrations.Migration):
    dependencies = [("chat", "0003_requested_length")]

    operations = [
        migrations.AlterField("attachment", "id", ID),
        migrations.AlterField("conversation", "id", ID.clone()),
        migrations.AlterField("turn", "id", ID.clone()),
        migrations.AlterField("toolcall", "decision", DECISION),
    ]
