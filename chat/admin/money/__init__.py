"""The ledger and budgets."""

from chat.admin.money import budgets, ledger

__all__ = ["budgets", "ledger"]
