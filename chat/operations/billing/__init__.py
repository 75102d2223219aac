"""Money: budgets, the ledger, its check, and calls outside a turn."""
