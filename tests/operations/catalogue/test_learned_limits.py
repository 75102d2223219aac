"""Limits of a model that its server told by refusing a request."""

import pytest

from chat.claude.failures.context_overflow import ContextOverflow
from chat.models import LanguageModel
from chat.operations.catalogue.learned_limits import learn_limits
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("overflow", "limits"),
    [
        (ContextOverflow(limit_tokens=8192), (8192, 4096, 4096)),
        (ContextOverflow(limit_tokens=150_000), (150_000, 8192, 8192)),
        (ContextOverflow(output_tokens=2000), (200_000, 2000, 2000)),
        (ContextOverflow(limit_tokens=500_000), (200_000, 8192, 8192)),
        (ContextOverflow(), (200_000, 8192, 8192)),
    ],
)
def test_limits_only_become_smaller(overflow: ContextOverflow, limits: tuple[int, ...]) -> None:
    model = factories.language_model()
    changed = limits != (200_000, 8192, 8192)
    assert learn_limits(model, overflow) == changed
    assert not learn_limits(model, overflow), "once"
    for row in (model, LanguageModel.objects.get()):
        assert (row.max_input_tokens, row.max_output_tokens, row.default_max_tokens) == limits
    assert LanguageModel.objects.get().history.count() == 1 + changed


def test_a_deleted_model_learns_nothing() -> None:
    model = factories.language_model()
    LanguageModel.objects.all().delete()
    assert not learn_limits(model, ContextOverflow(limit_tokens=8192))
