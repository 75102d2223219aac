"""Connections and models: seeded from the catalogue file, tested, synchronised with the provider."""
