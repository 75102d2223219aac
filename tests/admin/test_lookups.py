"""Lists are filtered by their list filters only: a lookup on any other column would reveal it letter by letter."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import Permission
from django.test import Client, RequestFactory
from django.urls import reverse

from chat.admin.base import TableAdmin
from tests.admin.world import PRIVATE, World

ADMINS = {
    f"{model._meta.app_label}_{model._meta.model_name}": options
    for model, options in admin.site._registry.items()
}
OPERATORS = ("regex", "iregex", "contains", "startswith", "gt", "lt", "in", "isnull", "range", "year", "date")
READ = [
    ("chat_message", "text__regex", f".*{PRIVATE[:4]}"),
    ("chat_message", "content__contains", PRIVATE),
    ("chat_message", "conversation__title__startswith", "About"),
    ("chat_message", "conversation__owner__password__startswith", "md5"),
    ("chat_conversation", "title__regex", "^A"),
    ("chat_conversation", "messages__text__contains", PRIVATE),
    ("chat_toolcall", "input__contains", PRIVATE),
    ("chat_turnevent", "frames__contains", PRIVATE),
    ("chat_turn", "output_schema__contains", "a"),
    ("chat_turn", "error_code__regex", "^(a+)+$"),
    ("chat_attachment", "text__startswith", "All"),
    ("chat_attachment", "name__startswith", "h"),
    ("chat_apikey", "digest__gt", "0"),
    ("chat_apikey", "scopes__contains", "a"),
    ("chat_providerconnection", "credential__startswith", "g"),
    ("chat_mcpserver", "credential__gt", "a"),
    ("chat_mcpgrant", "tokens__gt", "a"),
    ("chat_tooldefinition", "secret__gt", "a"),
    ("chat_frame", "body__contains", "a"),
    ("chat_user", "password__startswith", "m"),
    ("chat_user", "api_keys__digest__gt", "0"),
    ("mfa_authenticator", "data__contains", "TOTP"),
    ("chat_turn", "status__exact", "\0"),
]


@pytest.mark.parametrize(("name", "lookup", "value"), READ)
def test_no_lookup_reads_a_column(world: World, root: Client, name: str, lookup: str, value: str) -> None:
    assert root.get(world.url(name), {lookup: value}).status_code == 400


def test_view_rights_read_no_text_by_lookups(world: World, staff: Client) -> None:
    world.staff.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    for name, lookup, value in READ:
        assert staff.get(world.url(name), {lookup: value}).status_code in (400, 403), (name, lookup)


@pytest.mark.parametrize("name", ADMINS)
def test_columns_allow_only_filter_lookups(world: World, name: str) -> None:
    options = ADMINS[name]
    assert isinstance(options, TableAdmin)
    request, filtered = request_of(world), list_filters(options)
    for field in options.model._meta.get_fields():
        for lookup in (field.name, *(f"{field.name}__{operator}" for operator in OPERATORS)):
            if options.lookup_allowed(lookup, "a", request):
                assert field.name in filtered, lookup
                assert lookup.removeprefix(field.name) in ("", "__in", "__isnull", "__lt"), lookup


@pytest.mark.parametrize("name", ADMINS)
def test_every_filter_of_a_list_works(world: World, root: Client, name: str) -> None:
    links = filter_links(world, name)
    for parameter, value in links:
        response = root.get(world.url(name), {parameter: value})
        assert response.status_code == 200, (parameter, value)


def test_links_to_filtered_lists_work(world: World, root: Client) -> None:
    pages = [
        world.url("chat_conversation", "change"),
        world.url("chat_turn", "change"),
        reverse("admin:index"),
    ]
    found = 0
    for page in pages:
        for address in root.get(page).content.decode().split('href="')[1:]:
            link = address.split('"')[0].replace("&amp;", "&")
            if link.startswith("/admin/chat/") and "?" in link:
                found += 1
                assert root.get(link).status_code == 200, link
    assert found >= 3


@pytest.mark.parametrize("name", ADMINS)
def test_long_search_terms_find_nothing(world: World, root: Client, name: str) -> None:
    for term in ("x" * 60_000, "x " * 5_000):
        assert root.get(world.url(name), {"q": term}, follow=True).status_code == 200


def list_filters(options: Any) -> list[Any]:
    return [entry[0] if isinstance(entry, tuple) else entry for entry in options.list_filter]


def request_of(world: World) -> Any:
    request = RequestFactory().get("/admin/")
    request.user = world.root
    return request


def filter_links(world: World, name: str) -> list[tuple[str, str]]:
    """Return the parameters behind the choices that a list offers, and those of its forms."""
    options, request = ADMINS[name], request_of(world)
    page: ChangeList = options.get_changelist_instance(request)
    found: list[tuple[str, str]] = []
    for spec in page.filter_specs:
        parameters = [str(one) for one in spec.expected_parameters()]
        if parameters[0].endswith("_0"):
            found += [(parameter, "2026-01-01") for parameter in parameters if parameter.endswith("_0")]
            continue
        for choice in spec.choices(page):
            query = parse_qs(urlsplit(choice["query_string"]).query)
            found += [(key, values[0]) for key, values in query.items()]
    return found
