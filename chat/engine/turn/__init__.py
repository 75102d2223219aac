"""One turn while it runs: its calls, attempts and tool rounds, what it publishes, and its end."""
