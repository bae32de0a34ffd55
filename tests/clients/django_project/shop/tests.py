"""The project's own tests, for Django's test runner."""

from __future__ import annotations

import datetime
from decimal import Decimal

from django.db import IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Count, F, Sum
from django.test import TestCase, TransactionTestCase

from shop.models import Author, Book

YEAR = DateRange(datetime.date(2024, 1, 1), datetime.date(2025, 1, 1))


class Queries(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.ada = Author.objects.create(name="Ada")
        Book.objects.bulk_create(
            Book(author=cls.ada, title=f"Book {n}", price=n, tags=[f"tag{n % 3}"], data={"n": n})
            for n in range(100)
        )

    def test_values(self) -> None:
        book = Book.objects.get(title="Book 7")
        book.price, book.data, book.sold = Decimal("12.50"), {"a": [1, None, "☃"]}, YEAR
        book.save()
        found = Book.objects.get(pk=book.pk)
        self.assertEqual((found.price, found.data, found.sold), (book.price, book.data, book.sold))

    def test_lookups(self) -> None:
        self.assertEqual(Book.objects.filter(tags__contains=["tag0"]).count(), 34)
        self.assertEqual(Book.objects.get(data__n=5).title, "Book 5")
        self.assertEqual(Author.objects.filter(books__title__icontains="book 9").count(), 11)

    def test_aggregates(self) -> None:
        author = Author.objects.annotate(n=Count("books"), total=Sum("books__price")).get()
        self.assertEqual((author.n, author.total), (100, 4950))

    def test_expressions(self) -> None:
        Book.objects.update(price=F("price") * 2)
        self.assertEqual(Book.objects.aggregate(Sum("price"))["price__sum"], 9900)

    def test_upserts(self) -> None:
        Author.objects.bulk_create([Author(name="Ada"), Author(name="Bob")], ignore_conflicts=True)
        self.assertEqual(Author.objects.count(), 2)

    def test_iterators_use_server_side_cursors(self) -> None:
        titles = Book.objects.values_list("title", flat=True).iterator(chunk_size=10)
        self.assertEqual(len(set(titles)), 100)

    def test_constraints(self) -> None:
        with self.assertRaisesMessage(IntegrityError, "price_not_negative"), transaction.atomic():
            Book.objects.create(author=self.ada, title="", price=-1)
        self.assertEqual(Book.objects.count(), 100)


class Transactions(TransactionTestCase):
    def test_commit_and_rollback(self) -> None:
        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            Author.objects.create(name="gone")
            raise ZeroDivisionError
        with transaction.atomic():
            Author.objects.create(name="kept")
            Author.objects.select_for_update().get()
        self.assertEqual(Author.objects.get().name, "kept")

    def test_each_begins_with_empty_tables(self) -> None:
        self.assertEqual(Author.objects.count(), 0)
        Author.objects.create(name="for the other one")

    def test_on_commit(self) -> None:
        told = []
        with transaction.atomic():
            transaction.on_commit(lambda: told.append(connection.vendor))
        self.assertEqual(told, ["postgresql"])
