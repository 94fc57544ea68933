"""Why an operator's word on a case is refused: one leaf per clause."""

from services.core.errors import Conflict, NotFound, Refused
from services.gateway.resources.model import Resolution


class CaseUnknown(NotFound):
    """Nothing of this id can be a case."""

    def __init__(self, resource_id: str) -> None:
        super().__init__(
            f"There is no case {resource_id[:80]!r}: see ListCases.", resource_id=resource_id[:80]
        )


class CaseNotOpen(Refused):
    """The resource does not wait for an operator."""

    def __init__(self, resource_id: str, step: str) -> None:
        super().__init__(
            f"{resource_id} does not wait for an operator: its step is {step}.",
            resource_id=resource_id,
            step=step,
        )


class CaseResolvedOtherwise(Conflict):
    """Somebody else's word was first."""

    def __init__(self, resource_id: str, resolution: str) -> None:
        super().__init__(
            f"The case {resource_id} has been resolved as {resolution} already.",
            resource_id=resource_id,
            resolution=resolution,
        )


class ResolutionUnfit(Refused):
    """This case cannot be ended so."""

    def __init__(self, resource_id: str, resolution: Resolution, reason: str) -> None:
        super().__init__(
            f"The case {resource_id} ({reason or 'no reason told'}) cannot be resolved by "
            f"{resolution}: choose another resolution, or wait for the partner's decision.",
            resource_id=resource_id,
            resolution=resolution,
        )
