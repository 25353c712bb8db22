import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.orders.domain.places import Place, Point
from services.orders.domain.refusals import Refused
from services.orders.domain.sourcing import Network
from shared.geography import distance_km

TOKYO, OSAKA, SAPPORO = (35.68, 139.77), (34.70, 135.50), (43.06, 141.35)
POINTS = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


def store(name: str, point: Point | None = None, *, ships: bool = True, offers_pickup: bool = True) -> Place:
    return Place(name, False, point, ships, offers_pickup)


def warehouse(name: str, point: Point | None = None) -> Place:
    return Place(name, True, point, True, False)


JAPAN = Network(
    [store("S-osaka", OSAKA), store("S-tokyo", TOKYO), warehouse("W-sapporo", SAPPORO), warehouse("W-osaka", OSAKA)]
)


def test_warehouses_come_before_stores_and_the_nearest_first() -> None:
    plan = JAPAN.ship_to(TOKYO, "fewest_splits", 50)
    assert plan.candidates == ["W-osaka", "W-sapporo", "S-tokyo", "S-osaka"]
    assert plan.policy == "fewest_splits"


def test_without_a_destination_the_ids_decide() -> None:
    assert JAPAN.ship_to(None, "in_order", 50).candidates == ["W-osaka", "W-sapporo", "S-osaka", "S-tokyo"]


def test_a_place_without_coordinates_comes_last_of_its_kind() -> None:
    network = Network([store("A"), store("B", SAPPORO), warehouse("W")])
    assert network.ship_to(TOKYO, "in_order", 50).candidates == ["W", "B", "A"]


def test_places_that_do_not_ship_are_no_candidates() -> None:
    network = Network([store("A", ships=False), store("B")])
    assert network.ship_to(TOKYO, "in_order", 50).candidates == ["B"]


def test_no_more_candidates_than_the_limit() -> None:
    network = Network(store(f"S{number:03}") for number in range(100))
    assert len(network.ship_to(TOKYO, "in_order", 50).candidates) == 50


def test_nothing_ships_at_all() -> None:
    with pytest.raises(Refused) as refused:
        Network([store("A", ships=False)]).ship_to(TOKYO, "in_order", 50)
    assert (refused.value.code, refused.value.pointer) == ("unknown_location", "/fulfilment")


def test_a_pickup_is_promised_at_its_store_alone() -> None:
    plan = JAPAN.pickup_at("S-tokyo")
    assert (plan.policy, plan.candidates) == ("single_location", ["S-tokyo"])


@pytest.mark.parametrize("location_id", ["nowhere", "W-osaka"])
def test_a_pickup_needs_a_known_store_that_offers_it(location_id: str) -> None:
    with pytest.raises(Refused) as refused:
        JAPAN.pickup_at(location_id)
    assert (refused.value.code, refused.value.pointer) == ("unknown_location", "/fulfilment/location_id")


@given(st.lists(POINTS, min_size=1, max_size=8), POINTS)
def test_the_ranking_is_by_great_circle_distance(points: list[Point], target: Point) -> None:
    network = Network(store(f"S{number}", point) for number, point in enumerate(points))
    ranked = network.ship_to(target, "in_order", 50).candidates
    distances = [distance_km(*points[int(name[1:])], *target) for name in ranked]
    half_a_metre_km = 0.0005
    assert all(near <= far + half_a_metre_km for near, far in itertools.pairwise(distances))


def test_what_a_store_has_not_comes_from_the_nearest_places_that_ship() -> None:
    network = Network(
        [
            store("S-tokyo", TOKYO, ships=False),
            store("S-far", SAPPORO, ships=False),
            store("S-osaka", OSAKA),
            warehouse("W-sapporo", SAPPORO),
        ]
    )
    plan = network.pickup_with_transfers("S-tokyo", 50)
    assert (plan.policy, plan.candidates) == ("in_order", ["S-tokyo", "S-osaka", "W-sapporo"])
    assert network.pickup_with_transfers("S-tokyo", 2).candidates == ["S-tokyo", "S-osaka"]
    instead = network.transfer_instead_of("S-tokyo", "S-tokyo", 50, ["S-osaka"])
    assert instead is not None
    assert instead.candidates == ["W-sapporo"]
    assert network.transfer_instead_of("W-sapporo", "S-tokyo", 50, ["S-osaka", "S-tokyo"]) is None
    with pytest.raises(Refused):
        network.pickup_with_transfers("W-sapporo", 50)
