"""The shop's one page."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.urls import path

from shop.models import Product


def products(request: HttpRequest) -> JsonResponse:
    """All products by name, or those with a tag."""
    found = Product.objects.order_by("name")
    if tag := request.GET.get("tag"):
        found = found.filter(tags__contains=[tag])
    return JsonResponse({"products": [product.name for product in found]})


urlpatterns = [path("products", products)]
