"""Forward by hand, forward by the commands, and all the way back."""

from __future__ import annotations

import django
from django.core.management import call_command

django.setup()

from shop.models import Author  # noqa: E402 - there are no models before the set-up

call_command("migrate", "shop", "m0001")
Author.objects.create(name="  Ada ")
call_command("migrate")
call_command("makemigrations", "--check")
print(f"the name is {Author.objects.get().name!r}")
call_command("migrate", "shop", "zero")
