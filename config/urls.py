"""The URLs of the project. Those that clients and operators rely on are here or one include below."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from chat.web.server import health

urlpatterns = [
    path("admin/", admin.site.urls),
    path(
        "accounts/sessions/", RedirectView.as_view(pattern_name="sessions")
    ),  # in place of the package's page
    path("accounts/", include("allauth.urls")),
    path("api/v1/", include("chat.api.urls")),
    path("", include("chat.web.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics_page, name="metrics"),
]
