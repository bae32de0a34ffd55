"""Tests as a Django project has them; nothing in them is about pglite-native."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import TestCase, TransactionTestCase
from shop.models import Order, Product
from shop.orders import OutOfStock, place_order


@pytest.mark.django_db
def test_an_order_takes_from_the_stock():
    order = place_order("tea", 2)
    assert order.pk == 1
    assert Product.objects.get(name="tea").stock == 1


@pytest.mark.django_db
def test_an_order_of_too_much_changes_nothing():
    with pytest.raises(OutOfStock):
        place_order("tea", 4)
    assert Product.objects.get(name="tea").stock == 3


@pytest.mark.django_db
def test_a_product_costs_something():
    with pytest.raises(IntegrityError, match="price_is_positive"), transaction.atomic():
        Product.objects.create(name="air", price=0)


@pytest.mark.django_db
def test_the_page_lists_products(client):
    Product.objects.create(name="ice", price=1, tags=["cold"])
    assert client.get("/products").json() == {"products": ["ice", "tea"]}
    assert client.get("/products?tag=cold").json() == {"products": ["ice"]}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("again", [False, True])
def test_a_committed_order_is_seen_by_hooks_and_by_no_other_test(again):
    seen = []
    with transaction.atomic():
        order = place_order("tea", 1)
        transaction.on_commit(lambda: seen.append(Order.objects.get(pk=order.pk).pk))
        assert seen == []
    assert seen == [1]


@pytest.mark.django_db(transaction=True)
def test_a_test_may_change_the_schema():
    with connection.cursor() as cursor:
        cursor.execute("drop table shop_order")
    assert "shop_order" not in connection.introspection.table_names()


class OrderTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.order = place_order("tea", 1)

    def test_one(self):
        self.order.delete()
        self.assertEqual(Order.objects.count(), 0)

    def test_two(self):
        self.assertEqual(Order.objects.count(), 1)


class CommittingTests(TransactionTestCase):
    def test_one(self):
        place_order("tea", 3)
        self.assertEqual(Product.objects.get(name="tea").stock, 0)

    def test_two(self):
        place_order("tea", 3)
        self.assertEqual(Product.objects.get(name="tea").stock, 0)
