"""The tills of a store: receipts as CloudEvents, sent together through the gateway."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.replay.client import Client
from services.replay.lag import LagSampler
from services.replay.rules import till_of
from services.replay.tally import Tally
from services.replay.week import Basket
from shared.contracts.tills import SALE
from shared.contracts.values import rfc3339

CURRENCY = "USD"


class Tills:
    """Sends sales; the same receipt sent again counts once, because its event has the receipt's number."""

    def __init__(self, client: Client, tally: Tally, lag: LagSampler, sequences: Mapping[str, int]) -> None:
        self._client = client
        self._tally = tally
        self._lag = lag
        self._sequences = sequences

    async def sell(self, baskets: Sequence[Basket]) -> None:
        """Send the receipts of one store. Raises Refused where the gateway takes none of them."""
        place = baskets[0].location_id
        events = [self._event(basket) for basket in baskets]
        sample = self._lag.sent(place, [line.sku for basket in baskets for line in basket.lines])
        response = await self._client.send(
            "POST",
            "/inventory/v1/events",
            "till",
            place,
            json=events,
            headers={"Content-Type": "application/cloudevents-batch+json"},
        )
        answer = response.json()
        if answer["duplicates"] or answer["rejected"]:
            self._lag.withdraw(sample)
        self._count(baskets, answer)

    def _count(self, baskets: Sequence[Basket], answer: Mapping[str, Any]) -> None:
        self._tally.receipts["accepted"] += answer["accepted"]
        self._tally.receipts["known already"] += answer["duplicates"]
        self._tally.receipts["rejected"] += len(answer["rejected"])
        reasons = {refusal["index"]: refusal["code"] for refusal in answer["rejected"]}
        for place, basket in enumerate(baskets):
            if place in reasons:
                self._tally.refused(basket, reasons[place])
            else:
                self._tally.sold(basket)

    def _event(self, basket: Basket) -> dict[str, Any]:
        till = till_of(basket)
        return {
            "specversion": "1.0",
            "id": basket.basket_id,
            "source": f"/locations/{basket.location_id}/tills/{till}",
            "type": SALE.name,
            "time": rfc3339(basket.at),
            "sequence": str(self._sequences[basket.basket_id]),
            "data": {
                "location_id": basket.location_id,
                "till_id": till,
                "receipt_id": basket.basket_id,
                "member_id": basket.member_id,
                "lines": [
                    {
                        "sku": line.sku,
                        "quantity": line.quantity,
                        "unit_price": {"amount": line.unit_price, "currency": CURRENCY},
                    }
                    for line in basket.lines
                ],
            },
        }
