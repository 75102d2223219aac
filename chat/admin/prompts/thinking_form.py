"""The fields of an assistant's form that depend on its model: thinking and effort."""

import json
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from chat.models import Assistant, LanguageModel
from chat.operations.catalogue.thinking import efforts_of, wishes_of


class ThinkingForm(forms.ModelForm):
    """A form that accepts only the thinking and effort that the model supports. A script limits the choices.

    Without a model, people choose one. Then all values are accepted and a turn uses the nearest supported one.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "thinking" in self.fields and "effort" in self.fields:
            self.fields["thinking"].required = False
            self.fields["thinking"].widget.attrs["data-accepted"] = json.dumps(_supported_values())

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        model = cleaned.get("model")
        if "thinking" in cleaned:
            cleaned["thinking"] = cleaned["thinking"] or _default_thinking(model)
        if model is not None and {"thinking", "effort"} <= cleaned.keys():
            self._check(model, cleaned["thinking"], cleaned["effort"])
        return cleaned

    def _check(self, model: LanguageModel, thinking: str, effort: str) -> None:
        wishes = wishes_of(model)
        if thinking not in wishes:
            takes = ", ".join(str(Assistant.Thinking(wish).label) for wish in wishes)
            self.add_error(
                "thinking", _("%(model)s accepts only: %(values)s.") % {"model": model, "values": takes}
            )
            return
        efforts = efforts_of(model, thinking)
        if effort and effort not in efforts:
            takes = ", ".join(str(Assistant.Effort(level).label) for level in efforts)
            self.add_error(
                "effort",
                _("With this thinking setting, %(model)s accepts only: %(values)s.")
                % {"model": model, "values": takes}
                if efforts
                else _("%(model)s does not support effort. Leave it empty.") % {"model": model},
            )


def _default_thinking(model: LanguageModel | None) -> str:
    return wishes_of(model)[0] if model else Assistant.Thinking.SUMMARIZED


def _supported_values() -> dict[str, dict[str, list[str]]]:
    """Return the values that each model supports: {model's id: {"summarized": ["low", "high"], "off": ["low"]}, …}."""
    return {
        str(model.pk): {wish: efforts_of(model, wish) for wish in wishes_of(model)}
        for model in LanguageModel.objects.select_related("connection").only(
            "id", "capabilities", "max_output_tokens", "connection__kind"
        )
    }
