"""What every shop begins with."""

from __future__ import annotations

from django.db import migrations


def add_tea(apps, schema_editor):
    apps.get_model("shop", "Product").objects.create(
        name="tea", price="2.50", stock=3, tags=["hot"]
    )


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_tables")]
    operations = [migrations.RunPython(add_tea, migrations.RunPython.noop)]
