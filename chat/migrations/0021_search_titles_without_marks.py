"""Fold anew, in the background, titles with signs of Markdown in words: see chat/search_text/markup.py."""

from django.db import migrations
from django.db.models import Q


def fold_anew(apps, editor):
    conversation = apps.get_model("chat", "Conversation")
    marked = Q(title__contains="**") | Q(title__contains="~~") | Q(title__contains="`")
    conversation.objects.using(editor.connection.alias).filter(marked).update(folded_title=None)


class Migration(migrations.Migration):
    dependencies = [("chat", "0020_search_without_marks")]

    operations = [migrations.RunPython(fold_anew, migrations.RunPython.noop)]
