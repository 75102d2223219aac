"""People: they sign in by email and keep their preferences."""

from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.db.models import Func, Value
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from chat.models.accounts.time_zones import validate_time_zone
from chat.models.fields import uuid7


class UserManager(BaseUserManager["User"]):
    """Creates people by email; Django's own commands ask for these two methods."""

    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        if not email:
            raise ValueError("A person needs an email address.")
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, **{"is_staff": True, "is_superuser": True, **fields})

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


LONGEST_INSTRUCTIONS = 2_000  # characters


class Theme(models.TextChoices):
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class TextSize(models.TextChoices):
    SMALL = "small", _("Small")
    LARGE = "large", _("Large")
    LARGER = "larger", _("Larger")


class SendKey(models.TextChoices):
    CTRL_ENTER = "ctrl_enter", _("Ctrl+Enter sends, Enter breaks the line")


class User(AbstractUser):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    username = None  # type: ignore[assignment]
    email = models.EmailField(_("email address"), unique=True)
    language = models.CharField(
        _("language"), max_length=8, blank=True, default="", choices=settings.LANGUAGES
    )
    # Each preference is "" for the usual: the system's theme, Enter sends, the browser's time zone.
    theme = models.CharField(
        _("theme"), max_length=8, blank=True, default="", db_default="", choices=Theme.choices
    )
    text_size = models.CharField(
        _("text size"), max_length=8, blank=True, default="", db_default="", choices=TextSize.choices
    )
    send_key = models.CharField(
        _("send key"), max_length=12, blank=True, default="", db_default="", choices=SendKey.choices
    )
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        blank=True,
        default="",
        db_default="",
        validators=[validate_time_zone],
    )
    instructions = models.TextField(_("instructions"), blank=True, default="", db_default="")
    # The person has closed the account; a job deletes it then.
    deletion_at = models.DateTimeField(_("will be deleted"), null=True, blank=True)
    uses_memory = models.BooleanField(_("uses memory"), default=False, db_default=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_case_insensitive")]

    def __str__(self) -> str:
        return self.get_full_name() or self.email


class GroupsOf(Func):
    """The ids of a person's groups as text, ",3,17," or "": an expression for the statement that writes a row."""

    template = "(SELECT COALESCE(',' || %(join)s || ',', '') FROM %(table)s WHERE user_id = %(expressions)s)"

    def __init__(self, user_id: UUID) -> None:
        person = Value(user_id, output_field=models.UUIDField())
        super().__init__(person, output_field=models.TextField())

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self._as_sql(compiler, connection, "group_concat(group_id, ',')", **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self._as_sql(compiler, connection, "string_agg(group_id::text, ',')", **context)

    def _as_sql(self, compiler: Any, connection: Any, join: str, **context: Any) -> Any:
        table = connection.ops.quote_name(User.groups.through._meta.db_table)
        return self.as_sql(compiler, connection, **{**context, "table": table, "join": join})
