"""The form of a budget: one target, chosen by the scope, and errors at the field that they are about."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from chat.models import Budget

# The field that names whom a scope means. The other scopes need none.
TARGETS = {
    Budget.Scope.GROUP: "group",
    Budget.Scope.PERSON: "person",
    Budget.Scope.ASSISTANT: "assistant",
    Budget.Scope.KEY: "api_key",
}


class BudgetForm(forms.ModelForm):
    class Meta:
        model = Budget
        fields = (
            "name",
            "scope",
            *TARGETS.values(),
            "period",
            "soft_limit_usd",
            "hard_limit_usd",
            "enabled",
        )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "scope" in cleaned:
            wanted = TARGETS.get(cleaned["scope"])
            for name in TARGETS.values():
                if name != wanted:
                    cleaned[name] = None  # its field is hidden
            if wanted and not cleaned.get(wanted) and wanted not in self.errors:
                self.add_error(wanted, _("Choose the one that this budget applies to."))
        soft, hard = cleaned.get("soft_limit_usd"), cleaned.get("hard_limit_usd")
        for name, amount in (("soft_limit_usd", soft), ("hard_limit_usd", hard)):
            if amount is not None and amount < 0:
                self.add_error(name, _("Enter an amount of 0 or more."))
        if soft is not None and hard is not None and soft > hard:
            self.add_error("soft_limit_usd", _("The warning amount must not be above the limit."))
        return cleaned
