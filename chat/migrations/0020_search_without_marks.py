"""Index anew, in the background, messages with signs of Markdown in words: see chat/search_text/markup.py."""

from django.db import migrations
from django.db.models import Q


def index_anew(apps, editor):
    message = apps.get_model("chat", "Message")
    marked = Q(text__contains="**") | Q(text__contains="~~") | Q(text__contains="`")
    message.objects.using(editor.connection.alias).filter(marked, indexed=True).update(indexed=False)


class Migration(migrations.Migration):
    dependencies = [("chat", "0019_models_to_compare")]

    operations = [migrations.RunPython(index_anew, migrations.RunPython.noop)]
