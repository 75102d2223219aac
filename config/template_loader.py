"""Compiles each template once per language, with its own texts translated.

A page of the chat has four hundred of them: looked up at each request, they took a fifth of its time.
"""

import re

from django.template import Context, Origin
from django.template.loaders import cached
from django.utils.safestring import mark_safe
from django.utils.translation import get_language

_LITERAL = r"""(?:"[^"]*"|'[^']*')"""
_TRANSLATE = rf"{{% (?:translate|trans) {_LITERAL}(?: context {_LITERAL})? %}}"
_BLOCK = (
    r"{% blocktrans(?:late)?(?P<bound> with(?: \w+=[^\s%]+)+)? %}"
    r"(?P<body>(?:[^{]|{{ \w+ }})*){% endblocktrans(?:late)? %}"
)
_TRANSLATED = re.compile(f"{_TRANSLATE}|{_BLOCK}")
_VALUE = re.compile(r"{{ (\w+) }}")
_SYNTAX = re.compile(r"{[{%#]")
# Within these a text is not in the language of the page, or is no tag.
_OTHER = re.compile(r"{% (?:language|verbatim)\b")


class Loader(cached.Loader):
    """Keeps compiled templates by name and language. What is more than a text, such as a plural, stays a tag."""

    def cache_key(self, template_name: str, skip: list[Origin] | None = None) -> str:
        return f"{get_language()}-{super().cache_key(template_name, skip)}"

    def get_contents(self, origin: Origin) -> str:
        source: str = super().get_contents(origin)
        return source if _OTHER.search(source) else _TRANSLATED.sub(self._in_language, source)

    def _in_language(self, tag: re.Match[str]) -> str:
        """Return the text of a tag in the present language, where its values stay variables of the template."""
        names = set(_VALUE.findall(tag["body"] or ""))
        values = {name: mark_safe(f"{{{{ {name} }}}}") for name in names}  # noqa: S308 - names
        bound = tag["bound"] or ""
        alone = tag[0].replace(bound, "", 1) if bound else tag[0]
        text = self.engine.from_string("{% load i18n %}" + alone).render(Context(values))
        if _SYNTAX.search(_VALUE.sub(lambda value: "" if value[1] in names else value[0], text)):
            return tag[0]  # the text would be read as a template
        return f"{{%{bound} %}}{text}{{% endwith %}}" if bound else text
