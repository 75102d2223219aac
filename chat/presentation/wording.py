"""The texts that people read for codes: failures, budgets, results of tools and lasting notices.

Each text says what happened and what to do. The codes are those of `claude.failures.failure.FailureKind`, of
`operations.errors` and of a turn's end. An unknown code gets a general text.
"""

import datetime as dt
from decimal import Decimal

from django.conf import settings
from django.utils import formats, translation
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chat.claude.content.blocks import DENIED, DENIED_WITH_REASON, NOT_RUN

FAILURES = {
    "rate_limited": gettext_lazy(
        "The model provider is limiting requests right now. Wait a little, then retry."
    ),
    "overloaded": gettext_lazy(
        "The model is overloaded right now. Try again in a moment, or choose another model."
    ),
    "unavailable": gettext_lazy("The model provider has a problem right now. Try again in a moment."),
    "timeout": gettext_lazy("The model took too long to answer. Try again."),
    "connection": gettext_lazy("The connection to the model was lost. Try again."),
    "proxy": gettext_lazy(
        "The model couldn’t be reached through this server’s proxy. Try again, or tell your administrator."
    ),
    "certificate": gettext_lazy(
        "The certificate of the model’s address isn’t trusted. An administrator has to correct this."
    ),
    "redirected": gettext_lazy(
        "The model’s address answers with a redirect, which Parley doesn’t follow. An administrator has to "
        "correct the address."
    ),
    "wrong_address": gettext_lazy(
        "There is no model at the address that is set for it. An administrator has to check its base URL."
    ),
    "web_page": gettext_lazy(
        "A web page answered instead of the model. An administrator has to check the model’s address, and "
        "whether the network asks for a sign-in."
    ),
    "authentication": gettext_lazy(
        "The model provider rejected Parley’s credentials. An administrator has to renew them."
    ),
    "permission": gettext_lazy(
        "Parley’s credentials don’t allow this model. Choose another one, or ask an administrator."
    ),
    "billing": gettext_lazy(
        "The account at the model provider has a billing problem. An administrator has to solve it."
    ),
    "spend_limit": gettext_lazy("The spending limit at the model provider is reached. Ask an administrator."),
    "not_found": gettext_lazy("The model provider doesn’t know this model. Choose another one."),
    "invalid_request": gettext_lazy(
        "The model provider rejected this request. Start a new conversation, or tell your administrator, who "
        "can see the reason."
    ),
    "too_large": gettext_lazy(
        "This conversation is too large to be sent. Start a new one, or send less at once."
    ),
    "context_full": gettext_lazy(
        "This conversation is longer than the model can read. Summarise the earlier messages and "
        "retry, start a new conversation, or choose a model with a larger context."
    ),
    "protocol": gettext_lazy("The model provider sent a response that can’t be read. Try again."),
    "truncated": gettext_lazy("The answer was interrupted before it was complete."),
    "no_content": gettext_lazy("The model sent an answer without content. Try again."),
    "cancelled": gettext_lazy("The request was cancelled."),
    "restarted": gettext_lazy("Parley was restarted while this answer was being written."),
    "turn_limit": gettext_lazy("This answer took longer than the time limit."),
    "internal": gettext_lazy("An unexpected error occurred. Try again."),
    "refused": gettext_lazy("The model declined to answer."),
    "empty": gettext_lazy("Enter a message first."),
    "too_long": gettext_lazy("The message is too long. Shorten it, or send it in parts."),
    "busy": gettext_lazy(
        "An answer is still being written in this conversation. Stop it, or wait until it is finished."
    ),
    "no_model": gettext_lazy("No model is available. Choose another one, or ask an administrator."),
    "connection_unusable": gettext_lazy(
        "This model’s connection isn’t ready to use. Choose another model, or ask an administrator."
    ),
    "decided": gettext_lazy("This was already decided, or the time for approval ran out."),
    "invalid_output": gettext_lazy(
        "The answer doesn’t have the requested format. Retry, or ask for something simpler."
    ),
    "output_truncated": gettext_lazy(
        "The answer was cut off before its format was complete. Ask for less, or allow longer answers."
    ),
    "not_offered": gettext_lazy("%(name)s is no longer offered to you, so it was not asked."),
    "forbidden": gettext_lazy("Your account isn’t allowed to do this."),
}
# A budget's refusal names the reason, the budget, and the date of its renewal.
BUDGETS = {
    "workspace": gettext_lazy("the workspace’s budget"),
    "group": gettext_lazy("your group’s budget"),
    "person": gettext_lazy("your budget"),
    "everybody": gettext_lazy("your budget"),
    "assistant": gettext_lazy("this assistant’s budget"),
    "key": gettext_lazy("this API key’s budget"),
}
PERIODS = {
    "day": gettext_lazy("today"),
    "week": gettext_lazy("this week"),
    "month": gettext_lazy("this month"),
}
REFUSALS = {
    "spent": gettext_lazy("%(budget)s for %(period)s is used up. It renews on %(date)s."),
    "held": gettext_lazy(
        "Other answers are still running and have reserved the rest of %(budget)s for %(period)s. Try "
        "again when they are done. It renews on %(date)s."
    ),
    "little": gettext_lazy(
        "This answer could cost more than what is left of %(budget)s for %(period)s. Choose a cheaper model, "
        "or shorten what you send. It renews on %(date)s."
    ),
}
SOFT_LIMIT = gettext_lazy("%(spent)s of %(limit)s used %(period)s (%(budget)s). It renews on %(date)s.")
# Codes whose text comes from their detail.
DETAIL_CODES = frozenset(
    {
        *("invalid", "connection_unusable", "budget", "not_offered", "too_many_requests"),
        # Files that the next model of a comparison does not take.
        *("pictures_unsupported", "documents_unsupported"),
        *("too_many_pictures", "pictures_too_large", "too_many_pages"),
    }
)
NO_BUDGET = gettext_lazy("The budget is used up. Ask an administrator.")
TOOL_STATUS = {
    "waiting": gettext_lazy("Waiting for your approval"),
    "ready": gettext_lazy("Allowed"),
    "running": gettext_lazy("Running…"),
    "done": gettext_lazy("Done"),
    "failed": gettext_lazy("Failed"),
    "denied": gettext_lazy("Denied"),
    "expired": gettext_lazy("Approval timed out"),
    "stopped": gettext_lazy("Not run"),
}
# Results that are written for the model, as the person who stopped or denied the call reads them.
TOOL_RESULTS = {
    NOT_RUN: gettext_lazy("Not run: you stopped the answer."),
    DENIED: gettext_lazy("You denied this call."),
}
DENIED_TEXT = gettext_lazy("You denied this call. Your reason: %(reason)s")
UNKNOWN_FAILURE = gettext_lazy("An unexpected error occurred. Try again.")


def budget_text(detail: str) -> str:
    """Return why a budget refused a request. `detail`: "<spent|held|little> <scope> <period> <day of renewal>"."""
    why, *named = detail.split(" ")
    if why not in REFUSALS or len(named) != 3:
        return str(NO_BUDGET)
    return capfirst(str(REFUSALS[why]) % _budget_names(*named))


def soft_limit_text(scope: str, period: str, renews_on: str, spent_usd: Decimal, limit_usd: Decimal) -> str:
    """Return the line about a budget that has passed its warning amount."""
    amounts = {"spent": f"${spent_usd:,.2f}", "limit": f"${limit_usd:,.2f}"}
    # At most a month ahead; a phone shows this line above its message field.
    date = formats.date_format(dt.date.fromisoformat(renews_on), "MONTH_DAY_FORMAT")
    return str(SOFT_LIMIT) % {**_budget_names(scope, period, renews_on), **amounts, "date": date}


def _budget_names(scope: str, period: str, renews_on: str) -> dict[str, str]:
    return {
        "budget": str(BUDGETS.get(scope, scope)),
        "period": str(PERIODS.get(period, period)),
        "date": formats.date_format(dt.date.fromisoformat(renews_on), "DATE_FORMAT"),
    }


def failure_text(code: str, detail: str = "") -> str:
    """Return the text for a code in the active language.

    `detail` is used for codes whose reason varies: the message of a validation, the problem of a connection, the
    budget that refused, or the name of a model that is not offered.
    """
    if code == "budget":
        return budget_text(detail)
    if code == "not_offered":
        return str(FAILURES[code]) % {"name": detail}
    if code in DETAIL_CODES and detail:
        return detail
    return str(FAILURES.get(code, UNKNOWN_FAILURE))


def failure_for_all(code: str, detail: str = "") -> str:
    """Return the text in the default language: events are the same for all viewers, and pages translate them."""
    with translation.override(settings.LANGUAGE_CODE):
        return failure_text(code, detail)


def tool_result_text(text: str) -> str:
    """Return a tool's result as people read it: sentences that Parley wrote for the model are reworded."""
    if text.startswith(DENIED_WITH_REASON):
        return str(DENIED_TEXT) % {"reason": text.removeprefix(DENIED_WITH_REASON)}
    return str(TOOL_RESULTS.get(text, text))


def notice_text(notice: dict[str, str]) -> str:
    """Return the text of a turn's lasting notice in the active language: {"code", "reason"}, most with "from", "to"."""
    names = {"before": notice.get("from", ""), "after": notice.get("to", "")}
    match notice.get("code"):
        case "failover":
            return _("%(before)s couldn’t answer, so %(after)s did.") % names
        case "fallback":
            return _("%(before)s declined to answer, so %(after)s was asked.") % names
        case "continued":
            return _("The answer was interrupted and then continued.")
    return ""
