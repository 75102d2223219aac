"""The ledger, budgets, and the workspace's settings."""

from chat.admin.money import budgets, ledger, workspace

__all__ = ["budgets", "ledger", "workspace"]
