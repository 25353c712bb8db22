"""Looking at orders, and who may."""

from tests.integration.orders.service import OrdersService, line, pickup_body, ship_body


async def test_lists_are_newest_first_and_come_in_pages(orders: OrdersService) -> None:
    placed = [await orders.placed(ship_body(member_id=f"m{number % 2}")) for number in range(5)]
    first = (await orders.operator.get("/v1/orders", params={"limit": 3})).json()
    rest = (await orders.operator.get("/v1/orders", params={"limit": 3, "cursor": first["next_cursor"]})).json()
    assert [order["order_id"] for order in first["items"] + rest["items"]] == placed[::-1]
    assert rest["next_cursor"] is None


async def test_lists_are_filtered(orders: OrdersService) -> None:
    wanted = await orders.placed(pickup_body(external_id="P-1", member_id="900"))
    await orders.storefront.post(f"/v1/orders/{wanted}/cancel", json={"reason": "changed my mind"})
    await orders.placed({**ship_body(external_id="P-1", member_id="901"), "channel": "app"})
    for filters in (
        {"state": "cancelled"},
        {"channel": "web"},
        {"member_id": "900"},
        {"external_id": "P-1", "channel": "web"},
    ):
        page = (await orders.operator.get("/v1/orders", params=filters)).json()
        assert [order["order_id"] for order in page["items"]] == [wanted], filters
    assert (await orders.operator.get("/v1/orders", params={"state": "rejected"})).json()["items"] == []


async def test_an_order_that_is_not_there_is_not_found(orders: OrdersService) -> None:
    for order_id in ("01890a5d-a8f0-7b1c-8d5e-2f9c11aa7c42", "W-1", "%00"):
        answer = await orders.operator.get(f"/v1/orders/{order_id}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    answer = await orders.operator.post("/v1/orders/W-1/cancel", json={"reason": "?"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_roles_are_kept_apart(orders: OrdersService) -> None:
    order_id = await orders.placed(ship_body(line("A")))
    staff, till = orders.client("store-staff", "S1"), orders.client("till", "S1")
    assert (await staff.get(f"/v1/orders/{order_id}")).status_code == 200
    assert (await till.get(f"/v1/orders/{order_id}")).status_code == 403
    assert (await staff.post("/v1/orders", json=ship_body())).status_code == 403
    assert (await staff.post(f"/v1/orders/{order_id}/cancel", json={"reason": "no"})).status_code == 403
    parcel = {"location_id": "W1", "lines": [{"sku": "A", "quantity": 1}]}
    assert (await orders.storefront.post(f"/v1/orders/{order_id}/shipments", json=parcel)).status_code == 403
    nobody = orders.client("operator")
    nobody.headers.pop("Authorization")
    answer = await nobody.get(f"/v1/orders/{order_id}")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_every_operation_is_documented(orders: OrdersService) -> None:
    document = (await orders.operator.get("/openapi.json")).json()
    operations = [(path, operation) for path, item in document["paths"].items() for operation in item.values()]
    for path, operation in operations:
        assert operation["summary"], path
        assert operation["description"], path
        if path.startswith("/v1"):
            assert {"401", "403"} <= set(operation["responses"]), path
