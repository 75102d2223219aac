"""The pages of a person's own settings, and of what Parley keeps about them."""
