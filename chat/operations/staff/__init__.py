"""What staff start from the admin: prompt revisions, tool listings, cache health, key rotation."""
