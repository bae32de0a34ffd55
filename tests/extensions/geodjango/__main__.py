"""GeoDjango on psycopg and a server; run by test_postgis.py.

GDAL and GEOS, which it wants on the machine, are those that pyogrio and shapely bring.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from psycopg.conninfo import conninfo_to_dict

from pglite_native import PGlite
from pglite_native.server import Server


def library(package: str, name: str) -> str:
    spec = importlib.util.find_spec(package)
    assert spec is not None and spec.origin is not None
    (found,) = Path(spec.origin).parents[1].glob(f"{package}.libs/{name}*")
    return str(found)


with PGlite() as db, Server(db) as server:
    place = conninfo_to_dict(server.url)
    database = {
        "ENGINE": "django.contrib.gis.db.backends.postgis",
        "NAME": place["dbname"],
        "USER": place["user"],
        "HOST": place["host"],
    }
    settings.configure(
        INSTALLED_APPS=["django.contrib.gis", "tests.extensions.geodjango.places"],
        DATABASES={"default": database},
        GDAL_LIBRARY_PATH=library("pyogrio", "libgdal"),
        GEOS_LIBRARY_PATH=library("shapely", "libgeos_c"),
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()
    from django.contrib.gis.db.models import Extent
    from django.contrib.gis.db.models.functions import Area, Transform
    from django.contrib.gis.geos import Point, Polygon
    from django.db import connection

    from tests.extensions.geodjango.places.models import City

    call_command("migrate", run_syncdb=True, verbosity=0)  # creates the extension, too
    square = Polygon.from_bbox((0, 0, 10, 10))
    City.objects.create(name="Paris", place=Point(2.35, 48.85, srid=4326), area=square)
    City.objects.create(name="Lyon", place=Point(4.83, 45.76, srid=4326))
    around = Polygon.from_bbox((2, 48, 3, 49))
    (paris,) = City.objects.filter(place__contained=around).annotate(
        metres=Transform("place", 3857)
    )
    print(paris.name, round(paris.metres.x), round(paris.metres.y))
    print(City.objects.filter(area__isnull=False).annotate(size=Area("area")).get().size)
    print(City.objects.aggregate(Extent("place"))["place__extent"])
    connection.close()
