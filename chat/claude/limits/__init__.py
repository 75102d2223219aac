"""How large a request is: its tokens in the context window, when it is compacted, and the upper bound of its cost."""
