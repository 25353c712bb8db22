import pytest

from services.orders.api.preferences import preferred_wait


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ([], 0),
        (["wait=5"], 5),
        (["respond-async, wait=7"], 7),
        (["respond-async", "Wait = 3"], 3),
        (['wait="4"'], 4),
        (["wait=5; strict"], 5),
        (["wait=600"], 10),
        (["wait=2, wait=8"], 2),
        (["wait=soon"], 0),
        (["wait=-1"], 0),
        (["wait"], 0),
        (["handling=lenient"], 0),
    ],
)
def test_the_preferred_wait_is_read_as_rfc_7240_says(headers: list[str], seconds: int) -> None:
    assert preferred_wait(headers) == seconds
