"""Bearer tokens: JWT signed with the installation's secret (RFC 7519, HS256); roles and, for some, one location."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any

import jwt
from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param

from shared.errors import DomainError
from shared.http.idempotency import IdempotencyKeyHeader, RequestKey, check_key, fingerprint
from shared.http.problems import DETAILS
from shared.principal import BOUND_ROLES, ROLES, Principal, Role

TOKEN_LIFETIME = timedelta(days=365)
_ALGORITHM = "HS256"
_KNOWN_TOKENS = 10_000


def issue(secret: str, role: Role, location_id: str | None, now: datetime) -> str:
    """A token for the role, good for a year."""
    claims: dict[str, Any] = {"role": role, "iat": now, "exp": now + TOKEN_LIFETIME}
    if location_id:
        claims["location_id"] = location_id
    return jwt.encode(claims, secret, algorithm=_ALGORITHM)


class Verifier:
    """Reads tokens; a signature that was checked is remembered, its expiry is checked every time."""

    def __init__(self, secret: str, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._secret = secret
        self._claims = lru_cache(_KNOWN_TOKENS)(self._verified)

    def _verified(self, token: str) -> tuple[Principal, float]:
        options: Any = {"require": ["exp", "role"], "verify_exp": False, "verify_iat": False}
        claims = jwt.decode(token, self._secret, algorithms=[_ALGORITHM], options=options)
        role, location_id = claims["role"], claims.get("location_id")
        if role not in ROLES or (role in BOUND_ROLES and not location_id):
            raise jwt.InvalidTokenError("unknown role, or a location is missing")
        return Principal(role, location_id), float(claims["exp"])

    def principal(self, token: str) -> Principal:
        """Raises `unauthenticated`."""
        try:
            principal, expires_at = self._claims(token)
        except (jwt.PyJWTError, ValueError) as error:
            raise DomainError("unauthenticated", "This token is not valid here.") from error
        if self._clock().timestamp() >= expires_at:
            raise DomainError("unauthenticated", "This token has expired.")
        return principal


class _Bearer(HTTPBearer):
    """The security scheme of the OpenAPI pages and the check itself: one dependency, not a chain of two."""

    def __init__(self, roles: Iterable[Role]) -> None:
        super().__init__(scheme_name="HTTPBearer", description="`zaiko token --role …` prints one")
        self._roles = frozenset(roles)

    async def __call__(self, request: Request) -> Principal:  # type: ignore[override]
        scheme, token = get_authorization_scheme_param(request.headers.get("authorization"))
        if scheme.lower() != "bearer" or not token:
            raise DomainError("unauthenticated", DETAILS["unauthenticated"])
        verifier: Verifier = request.app.state.verifier
        found = verifier.principal(token)
        if found.role not in self._roles:
            raise DomainError("forbidden", f"The role {found.role} may not do this.")
        request.state.principal = found
        return found


def allow(*roles: Role) -> Any:
    """A dependency: the principal, if its role is one of these."""
    return Depends(_Bearer(roles))


async def request_key(request: Request) -> RequestKey | None:
    """The request's idempotency key, if it has one; it is the principal's who was allowed. Raises InvalidRequest.

    Busy endpoints call it themselves and say `openapi_extra=KEYED`: a dependency less is 20 µs less.
    """
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    check_key(key)
    principal: Principal = request.state.principal
    return RequestKey(principal.actor, key, await fingerprint(request))


async def _documented_key(request: Request, _: IdempotencyKeyHeader = None) -> RequestKey | None:
    return await request_key(request)


Key = Annotated[RequestKey | None, Depends(_documented_key)]
"""The same as a dependency; declared after the principal."""
