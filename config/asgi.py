"""The ASGI application: pages and API (Django), the socket (Channels), the simulator, and the engine's lifespan."""

import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django_application = get_asgi_application()  # loads the applications, which the following imports need

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.conf import settings  # noqa: E402

from chat.api.problems import too_large  # noqa: E402
from chat.live.identity import identify  # noqa: E402
from chat.live.lifespan import Lifespan  # noqa: E402
from chat.live.prefix_mount import Mount  # noqa: E402
from chat.live.routing import websocket_urlpatterns  # noqa: E402
from chat.web.server.body_limit import BodyLimit, LargeBodies  # noqa: E402
from chat.web.server.cookie_limit import CookieLimit  # noqa: E402
from config.data_folder import write_privately  # noqa: E402


def _simulator() -> Any:
    """Return the simulator; servers whose connections lead elsewhere never load its code."""
    from chat.simulator.app import create_app  # noqa: PLC0415

    return create_app(keys={settings.SIMULATOR_KEY}, pace=settings.SIMULATOR_PACE, control=False)


write_privately()
http: Any = BodyLimit(
    django_application,
    refusals={"/api/": lambda limit: too_large(limit).response()},
    large=LargeBodies(
        frozenset({"/api/v1/imports", "/settings/import"}), settings.IMPORT_MAX_MB * 1_000_000, identify
    ),
)
if settings.SIMULATOR:
    http = Mount("/simulator", _simulator, otherwise=http)

routes = ProtocolTypeRouter({"http": http, "websocket": URLRouter(websocket_urlpatterns)})
application = Lifespan(CookieLimit(routes))
