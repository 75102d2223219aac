"""Operations of the admin: prompt revisions, tool listings, cache health, key rotation."""
