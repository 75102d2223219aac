"""Everything that is one person's, taken along or deleted with the account."""
