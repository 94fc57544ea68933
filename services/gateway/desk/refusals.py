"""Why a call is not passed on, or its answer does not come back."""

from services.core.errors import Unavailable


class DeskClosed(Unavailable):
    """This gateway has not been told where the service is."""

    def __init__(self, service: str) -> None:
        setting = f"KAWASE_{service.upper()}_ADDRESS"
        super().__init__(
            f"This gateway does not serve {service}: whoever runs it gives it {setting}.",
            service=service,
            setting=setting,
        )


class BackendSilent(Unavailable):
    """No answer from the service within the time, or nobody there."""

    def __init__(self, service: str) -> None:
        super().__init__(
            f"There is no answer from {service}. What was asked may have been done all the same: "
            "look before you ask again.",
            service=service,
        )
