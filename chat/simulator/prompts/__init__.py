"""The prompt as the model sees it: its tokens, cache, signatures and compaction."""
