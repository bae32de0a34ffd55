"""Ordering."""

from __future__ import annotations

from django.db import transaction

from shop.models import Order, Product


class OutOfStock(Exception):
    """There is not as much of it."""


@transaction.atomic
def place_order(name: str, quantity: int) -> Order:
    """Take something from the stock, and note the customer."""
    product = Product.objects.select_for_update().get(name=name)
    if product.stock < quantity:
        raise OutOfStock(name)
    product.stock -= quantity
    product.save()
    return Order.objects.create(product=product, quantity=quantity)
