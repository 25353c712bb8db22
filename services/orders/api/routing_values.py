"""The words of routing policies over HTTP: filters that let a place in, rankings that say which comes first."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints, ValidationInfo, field_validator

from services.orders.domain.places import Kind
from services.orders.domain.routing import RoutingPolicy
from services.orders.store.routing_policies import POLICY
from shared.contracts.locations import GROUPS_LIMIT
from shared.contracts.values import QUANTITY_LIMIT, WITHOUT_NUL, Name, Wire

RULES_LIMIT = 20
PARTS_LIMIT = 10
"""So many filters a rule has at most, and so many rankings."""
GLOBE_KM = 20_040
"""No two places are further apart than half around the globe."""
ORDERS_LIMIT = 1_000_000

Kinds = Annotated[list[Kind], Field(min_length=1, max_length=2, examples=[["warehouse"]])]
Groups = Annotated[list[Name], Field(max_length=GROUPS_LIMIT, examples=[["tokyo"]])]
Kilometres = Annotated[float, Field(gt=0, le=GLOBE_KM, allow_inf_nan=False, examples=[50])]


class OnlyKinds(Wire):
    """Places of these kinds alone."""

    filter: Literal["kind"]
    kinds: Kinds


class OnlyGroups(Wire):
    """Places that are in one of `any_of` (where it is given), and in none of `none_of`."""

    filter: Literal["group"]
    any_of: Groups = Field(default_factory=list)
    none_of: Groups = Field(default_factory=list, validate_default=True)

    @field_validator("none_of")
    @classmethod
    def _names_a_group(cls, none_of: list[str], info: ValidationInfo) -> list[str]:
        if not none_of and not info.data.get("any_of"):
            raise ValueError("any_of, none_of: one of them names a group")
        return none_of


class OnlyWithin(Wire):
    """Places at most so far from the destination. An order without coordinates is let in everywhere."""

    filter: Literal["within_km"]
    km: Kilometres


class OnlyWithCapacity(Wire):
    """Places that take at least so many more orders today (`PUT /v1/fulfilment-capacities/{location_id}`)."""

    filter: Literal["capacity_left"]
    orders: Annotated[int, Field(strict=True, ge=1, le=ORDERS_LIMIT)] = 1


class KeepBack(Wire):
    """So many units of every item stay at the place: a store's last pieces. Inventory keeps them, under its locks."""

    filter: Literal["keep_back"]
    units: Annotated[int, Field(strict=True, ge=1, le=QUANTITY_LIMIT, examples=[2])]


class ByKind(Wire):
    """In the order of these kinds."""

    rank: Literal["kind"]
    order: Kinds


class ByGroup(Wire):
    """In the order of these groups, each place by the first that it is in; places in none of them come last."""

    rank: Literal["group"]
    order: Annotated[Groups, Field(min_length=1)]


class ByDistance(Wire):
    """The nearest to the destination first; with `step_km`, places of one ring of so many kilometres are equal."""

    rank: Literal["distance"]
    step_km: Kilometres | None = None


class ByDeepestStock(Wire):
    """What is equal so far: the place with the most of the wanted lines first, as inventory finds it under its locks.

    Rankings after it only order what inventory finds equally deep.
    """

    rank: Literal["deepest_stock"]


class ByCost(Wire):
    """The cheapest parcel first; places whose cost nobody told come last."""

    rank: Literal["cost"]


class ByCapacityLeft(Wire):
    """Places without a limit first, then those that take the most orders more today."""

    rank: Literal["capacity_left"]


Filter = Annotated[OnlyKinds | OnlyGroups | OnlyWithin | OnlyWithCapacity | KeepBack, Field(discriminator="filter")]
Ranking = Annotated[
    ByKind | ByGroup | ByDistance | ByDeepestStock | ByCost | ByCapacityLeft, Field(discriminator="rank")
]


class RuleBody(Wire):
    """The places that all filters let in, by the first ranking; what is equal there by the next; then by their ids."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=WITHOUT_NUL)] = Field(
        description="As the preview names it", examples=["stores nearby"]
    )
    filters: Annotated[list[Filter], Field(max_length=PARTS_LIMIT)] = Field(default_factory=list)
    rankings: Annotated[list[Ranking], Field(max_length=PARTS_LIMIT)] = Field(default_factory=list)


def _numbered(rules: object) -> object:
    """A rule that has no name is called by its number."""
    if not isinstance(rules, list):
        return rules
    return [
        {"name": f"rule {number}", **rule} if isinstance(rule, dict) else rule
        for number, rule in enumerate(rules, start=1)
    ]


class RoutingPolicyBody(Wire):
    """Ordered rules: a place stands under the first that lets it in, and all places of a rule come before the next's.

    `split` is how an order that names no `fulfilment.policy` itself may be divided: `never`, over the `fewest_parcels`,
    or line by line from the first place that has it (`as_available`).
    """

    rules: Annotated[list[RuleBody], BeforeValidator(_numbered), Field(min_length=1, max_length=RULES_LIMIT)]
    split: Literal["never", "fewest_parcels", "as_available"] = "fewest_parcels"

    def policy(self) -> RoutingPolicy:
        return POLICY.validate_python(self.model_dump())
