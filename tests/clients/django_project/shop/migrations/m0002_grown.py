"""What grows onto tables that have rows: types that change, columns, an index, constraints."""

from __future__ import annotations

import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
from django.db import migrations, models


def trim(apps, schema_editor):
    for author in apps.get_model("shop", "Author").objects.iterator():
        author.name = author.name.strip()
        author.save()


class Migration(migrations.Migration):
    dependencies = (("shop", "m0001_initial"),)
    operations = (
        migrations.RunPython(trim, migrations.RunPython.noop),
        migrations.AlterField("author", "name", models.CharField(max_length=100, unique=True)),
        migrations.AlterField(
            "book", "price", models.DecimalField(max_digits=10, decimal_places=2)
        ),
        migrations.AddField(
            "book",
            "tags",
            django.contrib.postgres.fields.ArrayField(
                models.CharField(max_length=20), default=list, size=None
            ),
        ),
        migrations.AddField("book", "data", models.JSONField(default=dict)),
        migrations.AddField(
            "book", "sold", django.contrib.postgres.fields.ranges.DateRangeField(null=True)
        ),
        migrations.AddIndex("book", models.Index(fields=["title"], name="book_title")),
        migrations.AddConstraint(
            "book",
            models.CheckConstraint(condition=models.Q(price__gte=0), name="price_not_negative"),
        ),
    )
