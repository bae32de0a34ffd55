"""A Django project as small as they get. Where the database is, the environment tells libpq."""

from __future__ import annotations

import os

SECRET_KEY = "not a secret"
USE_TZ = True
INSTALLED_APPS = ["shop"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ["PGDATABASE"],
        "TEST": {"NAME": os.environ["PGDATABASE"] + "_test"},
    }
}
