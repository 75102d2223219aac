"""The viewers of this process, and the news that other processes write for them."""
