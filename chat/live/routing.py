"""Socket addresses."""

from django.urls import path

from chat.live.consumer import ChatConsumer

websocket_urlpatterns = [path("ws/chat/", ChatConsumer.as_asgi())]
