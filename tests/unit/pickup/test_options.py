from services.pickup.domain.options import OptionLine, coverage, option_lines


def test_a_store_has_all_when_every_line_is_there_in_full() -> None:
    assert coverage([OptionLine("A", 2, 2), OptionLine("B", 1, 9)]) == "all"


def test_a_store_has_some_when_a_line_falls_short() -> None:
    assert coverage([OptionLine("A", 2, 1), OptionLine("B", 1, 0)]) == "some"


def test_a_store_has_none_when_no_unit_is_there() -> None:
    assert coverage([OptionLine("A", 2, 0)]) == "none"


def test_what_inventory_does_not_name_is_not_there() -> None:
    assert option_lines({"A": 2, "B": 1}, "S1", {("S1", "A"): 3, ("S2", "B"): 5}) == [
        OptionLine("A", 2, 3),
        OptionLine("B", 1, 0),
    ]
