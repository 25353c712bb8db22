"""The OpenAPI pages: every operation says what it does, shows how, and names its errors."""

from typing import Any

import pytest
from fastapi import FastAPI

from services.inventory.app import create_app as create_inventory
from services.inventory.settings import Settings as InventorySettings
from services.orders.app import create_app as create_orders
from services.orders.settings import Settings as OrdersSettings
from services.pickup.app import create_app as create_pickup
from services.pickup.settings import Settings as PickupSettings
from shared.http.problems import STATUS

APPS: dict[str, FastAPI] = {
    "inventory": create_inventory(InventorySettings()),
    "orders": create_orders(OrdersSettings()),
    "pickup": create_pickup(PickupSettings()),
}
OPERATIONS = [
    pytest.param(operation, id=f"{name} {method.upper()} {path}")
    for name, app in APPS.items()
    for path, operations in app.openapi()["paths"].items()
    for method, operation in operations.items()
]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_says_what_it_does(operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_shows_a_request_and_an_answer(operation: dict[str, Any]) -> None:
    contents = list(operation.get("requestBody", {}).get("content", {}).values())
    contents += [
        body
        for status, answer in operation["responses"].items()
        if status.startswith("2")
        for body in answer.get("content", {}).values()
    ]
    for body in contents:
        assert body.get("example") is not None or body.get("examples"), body


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_names_its_errors_as_problem_documents(operation: dict[str, Any]) -> None:
    if operation["tags"] == ["operations"]:
        return
    errors = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
    assert "401" in errors
    for status, answer in errors.items():
        examples = answer["content"]["application/problem+json"]["examples"]
        assert {STATUS[code] for code in examples} == {int(status)}
