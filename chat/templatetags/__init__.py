"""Template tags of Parley's pages."""
