"""Texts of templates are translated once per language, and show just what Django's own tags would show."""

from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Engine, Template
from django.utils import translation

VALUES = {"title": "<b>1 & 2</b>", "row": {"name": "A “name”"}, "count": 2, "yes": True}
SAME = {
    "a text": '{% translate "Copy" %}',
    "an old name": "{% trans 'Copy' %}",
    "a text without a translation": '{% translate "Nobody has translated this" %}',
    "a quotation mark": "{% translate 'Say \"so\"' %}",
    "markup and a percent sign": '{% translate "100% <b>sure</b> & more" %}',
    "a context": '{% translate "Copy" context "a thing" %}',
    "a value": "{% blocktranslate %}Select “{{ title }}”{% endblocktranslate %}",
    "a missing value": "{% blocktranslate %}Select “{{ title }}”{{ missing }}{% endblocktranslate %}",
    "a bound value": "{% blocktranslate with title=row.name %}Select “{{ title }}”{% endblocktranslate %}{{ title }}",
    "two bound values": "{% blocktranslate with a=row.name b=count %}{{ a }} of {{ b }}{% endblocktranslate %}",
    "a filter": "{% blocktranslate with title=row.name|upper %}Select “{{ title }}”{% endblocktranslate %}",
    "a percent sign beside a value": "{% blocktranslate %}100 % of {{ title }}{% endblocktranslate %}",
    "a plural": "{% blocktranslate count n=count %}{{ n }} day{% plural %}{{ n }} days{% endblocktranslate %}",
    "a name": '{% translate "Copy" as words %}[{{ words }}]',
    "a filtered text": '{% translate "Copy"|upper %}',
    "a variable": "{% translate title %}",
    "another language": '{% language "en" %}{% translate "Copy" %}{% endlanguage %}',
    "no tag": '{% verbatim %}{% translate "Copy" %}{% endverbatim %}',
    "braces": "{% translate 'Copy {{ title }}' %}",
    "a condition": '{% if yes %}{% translate "Copy" %}{% else %}{% translate "Edit" %}{% endif %}',
}


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("source", SAME.values(), ids=SAME)
def test_a_template_shows_what_it_shows_without_the_loader(
    source: str, language: str, tmp_path: Path
) -> None:
    (tmp_path / "page.html").write_text("{% load i18n %}" + source)
    with translation.override(language):
        shown = _engine(tmp_path).get_template("page.html").render(Context(VALUES))
        assert shown == Template("{% load i18n %}" + source).render(Context(VALUES))


def test_a_template_is_compiled_for_each_language(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text('{% load i18n %}{% translate "Copy" %}')
    engine, shown = _engine(tmp_path), []
    for language in ("en", "ko", "en", "ko"):
        with translation.override(language):
            shown.append(engine.get_template("page.html").render(Context()))
    assert shown == ["Copy", "복사", "Copy", "복사"]


def test_a_text_becomes_a_part_of_what_stands_around_it(tmp_path: Path) -> None:
    """This is what makes pages faster: one piece of text instead of a tag that is looked up at each request."""
    source = (
        '{% load i18n %}<a title="{% translate "Copy" %}">{% blocktranslate %}Edit{% endblocktranslate %}</a>'
    )
    (tmp_path / "page.html").write_text(source)
    with translation.override("en"):
        nodes = _engine(tmp_path).get_template("page.html").nodelist[1:]
    assert [node.s for node in nodes] == ['<a title="Copy">Edit</a>']


def _engine(folder: Path) -> Engine:
    """Return an engine with the loaders of Parley over one folder."""
    loaders = settings.TEMPLATES[0]["OPTIONS"]["loaders"]
    libraries = {"i18n": "django.templatetags.i18n"}
    return Engine(dirs=[str(folder)], loaders=loaders, libraries=libraries)
