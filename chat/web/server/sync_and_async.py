"""The base of middleware that works in both ways: in a chain of coroutines, and in one of ordinary functions."""

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

Answer = HttpResponseBase | Awaitable[HttpResponseBase]


class SyncAndAsyncMiddleware:
    """Knows whether the rest of the chain is asynchronous (`is_async`); a subclass answers in the same way."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Answer]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Answer:
        raise NotImplementedError  # each middleware answers in its own way
