"""What the shop sells, and its customers."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Product(models.Model):
    name = models.CharField(max_length=100, unique=True)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    stock = models.PositiveIntegerField(default=0)
    tags = ArrayField(models.CharField(max_length=20), default=list)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(price__gt=0), name="price_is_positive")
        ]


class Order(models.Model):
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="orders")
    quantity = models.PositiveIntegerField()
    made = models.DateTimeField(auto_now_add=True)
