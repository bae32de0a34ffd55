from __future__ import annotations

from django.contrib.gis.db import models


class City(models.Model):  # type: ignore[misc]
    name = models.CharField(max_length=50)
    place = models.PointField(srid=4326)
    area = models.PolygonField(srid=3857, null=True)
