"""Where this server is reached from its own machine, wherever it listens."""

from django.conf import settings

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound


def own_host() -> str:
    host: str = settings.HOST
    return _EVERYWHERE.get(host, host)


def own_url() -> str:
    """Return the address that a browser, or Parley itself, opens on this machine."""
    host = own_host()
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.PORT}"
