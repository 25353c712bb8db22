"""What the rules of orders refuse."""


class Refused(Exception):
    """`code` is stable, `detail` is for a person; `pointer` names the field at fault (RFC 6901), if one is."""

    def __init__(self, code: str, detail: str, pointer: str | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.pointer = pointer
