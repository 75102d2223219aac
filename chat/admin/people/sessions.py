"""Sessions of people are not in the admin: a session's key signs in as its person."""

import allauth.usersessions.admin  # noqa: F401 - imported first, so that its registration exists and can be removed
from allauth.usersessions.models import UserSession
from django.contrib import admin

admin.site.unregister(UserSession)
