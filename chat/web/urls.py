"""Addresses of the browser's pages."""

from django.urls import path

from chat.web import attachments, conversations, made_files, profile, sandbox, sessions, tools, views

urlpatterns = [
    path("", views.new_conversation, name="new_conversation"),
    path("c/<uuid:conversation_id>", views.conversation, name="conversation"),
    path("c/<uuid:conversation_id>/thread", views.thread, name="thread"),
    path("c/<uuid:conversation_id>/earlier", views.earlier, name="earlier"),
    path("c/<uuid:conversation_id>/branch", views.branch, name="branch"),
    path("c/<uuid:conversation_id>/rename", conversations.rename, name="rename_conversation"),
    path("c/<uuid:conversation_id>/pin", conversations.pin, name="pin_conversation"),
    path("c/<uuid:conversation_id>/archive", conversations.archive, name="archive_conversation"),
    path("c/<uuid:conversation_id>/tools", conversations.allowed, name="allowed_tools"),
    path("c/<uuid:conversation_id>/delete", conversations.delete, name="delete_conversation"),
    path("attachments/<uuid:attachment_id>", attachments.document, name="attachment"),
    path("attachments/<uuid:attachment_id>/file", attachments.original, name="attachment_file"),
    path("attachments/<uuid:attachment_id>/shown", attachments.shown, name="attachment_shown"),
    path("attachments/<uuid:attachment_id>/thumbnail", attachments.thumbnail, name="attachment_thumbnail"),
    path("cited/<uuid:message_id>", attachments.cited, name="cited"),
    path("made/<uuid:message_id>/<slug:file_id>", made_files.download, name="made_file"),
    path("made/<uuid:message_id>/<slug:file_id>/shown", made_files.shown, name="made_file_shown"),
    path("made/<uuid:message_id>/<slug:file_id>/card", made_files.card, name="made_file_card"),
    path("budget", views.budget, name="budget"),
    path("sandbox/diagram", sandbox.diagram, name="diagram_frame"),
    path("sandbox/preview", sandbox.preview, name="preview_frame"),
    path("sidebar", conversations.sidebar, name="sidebar"),
    path("tools/mcp/callback", tools.callback, name="tool_callback"),
    path("tools/mcp/<slug:name>/connect", tools.connect, name="connect_tool"),
    path("tools/mcp/<slug:name>/disconnect", tools.disconnect, name="disconnect_tool"),
    path("settings/profile", profile.profile, name="profile"),
    path("settings/sessions", sessions.sessions, name="sessions"),
    path("settings/keys/<uuid:key_id>/revoke", profile.revoke_own_key, name="revoke_own_key"),
    path("preferences", views.preferences, name="preferences"),
]
