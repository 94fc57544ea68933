"""Who may call what: one row for every RPC of the gateway, whichever edge it comes by, and for each
of settlement and reconciliation that it passes on.

An RPC without a row is refused to everybody, and a test names it.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from services.core.errors import Forbidden
from services.gateway.access.book import RateClass, Role, Scope
from services.gateway.reference import ParticipantKind

PACKAGE = "kawase.gateway.v1"
# Whose services are served here too, for the operator's people: `services/gateway/desk`.
SETTLEMENT, RECONCILIATION = "kawase.settlement.v1", "kawase.reconciliation.v1"

_WALLET = frozenset({ParticipantKind.WALLET})
_ACQUIRER = frozenset({ParticipantKind.ACQUIRER})
_OPERATOR = frozenset({ParticipantKind.OPERATOR})
_PARTNER = _WALLET | _ACQUIRER
_SHOPS = _ACQUIRER | _OPERATOR
_ANYBODY = _PARTNER | _OPERATOR

_NOBODY: frozenset[Role] = frozenset()
_SUPPORT = frozenset({Role.SUPPORT})
_FINANCE = frozenset({Role.FINANCE})
_RISK = frozenset({Role.RISK})
_ADMIN = frozenset({Role.ADMIN})
_EVERYONE = frozenset(Role)
_BOOKS = _FINANCE | _RISK | _ADMIN


class Audit(StrEnum):
    """Whose calls of an operation are written to the audit log."""

    NEVER = "never"
    OPERATORS = "operators"  # participants' are journaled elsewhere, or only read their own
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Operation:
    """What is needed for one RPC. `roles` are those of the operator's people who may."""

    method: str
    kinds: frozenset[ParticipantKind]
    scope: Scope
    roles: frozenset[Role] = _NOBODY
    rate: RateClass = RateClass.READS
    audit: Audit = Audit.OPERATORS
    admin_scope: Scope = Scope.ADMIN_READ
    four_eyes: bool = False
    """A second person is needed, where `four_eyes.is_needed` says so of the request."""
    told_once: bool = False
    """Its answer is a secret for the caller alone: approved, it is not run for them, but the same
    call is let through once."""
    sealed: bool = False
    """Its request names a bank account: what waits for a second person is kept sealed."""
    for_services: bool = False
    """An operator's key that belongs to no person may."""

    def scope_of(self, kind: ParticipantKind) -> Scope:
        """The scope that a key of `kind` needs."""
        if kind is not ParticipantKind.OPERATOR or self.for_services:
            return self.scope
        return self.admin_scope


def _pay(name: str) -> Operation:
    """On the way of a payment: journaled by its moves."""
    return Operation(name, _WALLET, Scope.PAYMENTS_WRITE, rate=RateClass.PAYMENTS)


def _read(name: str, scope: Scope = Scope.PAYMENTS_READ) -> Operation:
    return Operation(name, _PARTNER, scope)


def _write(name: str, kinds: frozenset[ParticipantKind], scope: Scope) -> Operation:
    return Operation(name, kinds, scope, rate=RateClass.WRITES, audit=Audit.ALWAYS)


def _own_read(name: str, scope: Scope, roles: frozenset[Role] = _EVERYONE) -> Operation:
    """Participants read their own, operators anybody's."""
    return Operation(name, _ANYBODY, scope, roles)


def _own_write(
    name: str, scope: Scope, roles: frozenset[Role], *, four_eyes: bool = False
) -> Operation:
    return Operation(
        name,
        _ANYBODY,
        scope,
        roles,
        RateClass.WRITES,
        Audit.ALWAYS,
        Scope.ADMIN_WRITE,
        four_eyes=four_eyes,
    )


def _see(name: str, roles: frozenset[Role] = _EVERYONE) -> Operation:
    return Operation(name, _OPERATOR, Scope.ADMIN_READ, roles)


def _change(name: str, roles: frozenset[Role], *, four_eyes: bool = False) -> Operation:
    return Operation(
        name,
        _OPERATOR,
        Scope.ADMIN_WRITE,
        roles,
        RateClass.WRITES,
        Audit.ALWAYS,
        Scope.ADMIN_WRITE,
        four_eyes=four_eyes,
    )


def _work(*names: str) -> tuple[Operation, ...]:
    """What finance people do."""
    return tuple(_change(name, _FINANCE) for name in names)


def _look(*names: str, roles: frozenset[Role] = _EVERYONE) -> tuple[Operation, ...]:
    return tuple(_see(name, roles) for name in names)


def _shop(name: str) -> Operation:
    """An acquirer's change of its own, or an operator's for it."""
    return replace(_own_write(name, Scope.MERCHANTS_WRITE, _ADMIN), kinds=_ACQUIRER | _OPERATOR)


def _shop_read(name: str) -> Operation:
    return replace(_own_read(name, Scope.MERCHANTS_READ), kinds=_ACQUIRER | _OPERATOR)


_ROWS: dict[str, tuple[Operation, ...]] = {
    "GatewayService": (
        _read("DecodeCode"),
        _pay("CreatePayment"),
        _pay("ConfirmPayment"),
        _pay("Pay"),
        _pay("CancelPayment"),
        _pay("PaySession"),
        _read("GetPayment"),
        _read("ListPayments"),
        _read("WatchPayment"),
        _write("CreateRefund", _PARTNER, Scope.REFUNDS_WRITE),
        _read("GetRefund"),
        _write("LinkBankAccount", _WALLET, Scope.TOPUPS_WRITE),
        _write("CreateTopUp", _WALLET, Scope.TOPUPS_WRITE),
        _read("GetTopUp"),
    ),
    "HoldingService": (
        _pay("AuthorisePayment"),
        _write("CapturePayment", _ACQUIRER, Scope.PAYMENTS_WRITE),
        _write("VoidAuthorisation", _ACQUIRER, Scope.PAYMENTS_WRITE),
        _read("GetAuthorisation"),
    ),
    "EscrowService": (
        _pay("ConfirmIntoEscrow"),
        _write("ReleaseEscrow", _WALLET, Scope.PAYMENTS_WRITE),
        _write("DisputeEscrow", _WALLET, Scope.PAYMENTS_WRITE),
        _write("WithdrawEscrowDispute", _WALLET, Scope.PAYMENTS_WRITE),
        _change("ResolveEscrowDispute", _FINANCE | _RISK, four_eyes=True),
        _write("ReturnEscrow", _ACQUIRER, Scope.REFUNDS_WRITE),
        _own_read("GetEscrow", Scope.PAYMENTS_READ),
        _own_read("ListEscrows", Scope.PAYMENTS_READ),
    ),
    "PresentedService": (
        _pay("CreatePaymentCode"),
        Operation("GetPaymentCode", _WALLET, Scope.PAYMENTS_READ),
        Operation("DrawPaymentCode", _WALLET, Scope.PAYMENTS_READ),
        _pay("CancelPaymentCode"),
        _write("ProvisionOfflineCodes", _WALLET, Scope.PAYMENTS_WRITE),
        _write("RevokeOfflineCodes", _WALLET, Scope.PAYMENTS_WRITE),
        _write("PutPresentingPolicy", _WALLET, Scope.PAYMENTS_WRITE),
        Operation("GetPresentingPolicy", _WALLET, Scope.PAYMENTS_READ),
        Operation("ChargePaymentCode", _ACQUIRER, Scope.CHARGES_WRITE, rate=RateClass.PAYMENTS),
        Operation("GetPresentedPayment", _ACQUIRER, Scope.PAYMENTS_READ),
        Operation(
            "CancelPresentedPayment", _ACQUIRER, Scope.CHARGES_WRITE, rate=RateClass.PAYMENTS
        ),
        Operation("WatchPresentedPayment", _ACQUIRER, Scope.PAYMENTS_READ),
        _change("PutCodeLifetime", _RISK, four_eyes=True),
        _see("ListCodeLifetimes"),
    ),
    "WithdrawalService": (
        _write("CreateWithdrawal", _WALLET, Scope.WITHDRAWALS_WRITE),
        _read("GetWithdrawal"),
        _read("ListWithdrawals"),
    ),
    "AdminService": (
        _change("PutParticipant", _ADMIN, four_eyes=True),
        replace(_change("CreateApiKey", _ADMIN, four_eyes=True), told_once=True),
        _change("RevokeApiKey", _ADMIN | _RISK),
        _change("PutMerchant", _ADMIN, four_eyes=True),
        _change("PutScheme", _ADMIN, four_eyes=True),
        _change("PutFeePlan", _FINANCE, four_eyes=True),
        _change("PutCorridor", _FINANCE | _RISK, four_eyes=True),
        _change("PutLimitRule", _RISK, four_eyes=True),
        _see("ListLimitRules"),
        _see("ListScreenings", _RISK | _SUPPORT),
        _see("ListCases"),
        _change("ResolveCase", _FINANCE, four_eyes=True),
        _see("ListDisputes"),
        _change("AnswerDispute", _FINANCE | _RISK, four_eyes=True),
        _see("ListStuckPayments"),
        Operation(
            "ListFacts",
            _OPERATOR,
            Scope.FACTS,
            _EVERYONE,
            audit=Audit.NEVER,  # the other services copy every fact by it
            for_services=True,
        ),
    ),
    "AccessService": (
        _own_read("ListApiKeys", Scope.KEYS, _ADMIN | _RISK | _SUPPORT),
        _own_write("RotateApiKey", Scope.KEYS, _EVERYONE),
        _own_write("PutSigningKey", Scope.KEYS, _ADMIN, four_eyes=True),
        _own_read("ListSigningKeys", Scope.KEYS),
        _own_write("RevokeSigningKey", Scope.KEYS, _ADMIN | _RISK),
        _change("PutAccessPolicy", _ADMIN, four_eyes=True),
        _own_read("GetAccessPolicy", Scope.KEYS),
        _change("PutPerson", _ADMIN, four_eyes=True),
        _see("ListPersons"),
        _see("ListProposals"),
        _change("ApproveProposal", _EVERYONE),
        _change("RejectProposal", _EVERYONE),
        _see("ListAuditEntries", _RISK | _ADMIN),
    ),
    "AcquirerService": (
        _write("ProposeMerchant", _ACQUIRER, Scope.MERCHANTS_WRITE),
        _write("UpdateMerchant", _ACQUIRER, Scope.MERCHANTS_WRITE),
        Operation("GetMerchant", _SHOPS, Scope.MERCHANTS_READ, _EVERYONE),
        Operation("ListMerchants", _SHOPS, Scope.MERCHANTS_READ, _EVERYONE),
        _change("ApproveMerchant", _RISK | _ADMIN),
        _change("RejectMerchant", _RISK | _ADMIN),
        _write("CreateCode", _ACQUIRER, Scope.CODES),
        Operation("DrawCode", _ACQUIRER, Scope.CODES),
        _write("CreateOrder", _ACQUIRER, Scope.ORDERS_WRITE),
        Operation("GetOrder", _ACQUIRER, Scope.PAYMENTS_READ),
        Operation("ListOrders", _ACQUIRER, Scope.PAYMENTS_READ),
        _write("CloseOrder", _ACQUIRER, Scope.ORDERS_WRITE),
        Operation("DrawOrder", _ACQUIRER, Scope.PAYMENTS_READ),
        Operation("GetShopPayment", _ACQUIRER, Scope.PAYMENTS_READ),
    ),
    "BillService": (
        _write("PutBiller", _ACQUIRER, Scope.MERCHANTS_WRITE),
        _change("OpenBiller", _FINANCE | _RISK, four_eyes=True),
        _own_read("ListBillers", Scope.PAYMENTS_READ),
        Operation("CheckBill", _WALLET, Scope.PAYMENTS_READ),
        _pay("PayBill"),
        Operation("ListBillPayments", _SHOPS, Scope.PAYMENTS_READ, _EVERYONE),
    ),
    "PrepaidService": (
        _pay("PlaceOrder"),
        _read("GetPrepaidOrder"),
        Operation("ListPrepaidOrders", _ACQUIRER, Scope.PAYMENTS_READ),
        _write("AcceptOrder", _ACQUIRER, Scope.ORDERS_WRITE),
        _write("RedeemOrder", _ACQUIRER, Scope.ORDERS_WRITE),
        _write("CancelOrder", _WALLET, Scope.PAYMENTS_WRITE),
    ),
    "PersonalService": (
        _write("CreatePersonalCode", _WALLET, Scope.CODES),
        Operation("GetPersonalCode", _WALLET, Scope.CODES),
        Operation("ListPersonalCodes", _WALLET, Scope.CODES),
        Operation("DrawPersonalCode", _WALLET, Scope.CODES),
        _write("RevokePersonalCode", _WALLET, Scope.CODES),
        Operation("ListPersonalReceipts", _WALLET, Scope.PAYMENTS_READ),
    ),
    "WebhookService": (
        _own_write("PutWebhookEndpoint", Scope.WEBHOOKS, _SUPPORT | _ADMIN),
        _own_write("RotateWebhookSecret", Scope.WEBHOOKS, _ADMIN),
        _own_read("ListWebhookEndpoints", Scope.WEBHOOKS),
        _own_write("DeleteWebhookEndpoint", Scope.WEBHOOKS, _SUPPORT | _ADMIN),
        _own_read("ListDeliveries", Scope.WEBHOOKS),
        _own_read("GetDelivery", Scope.WEBHOOKS),
        _own_write("ReplayDeliveries", Scope.WEBHOOKS, _SUPPORT | _ADMIN),
        _own_write("SendTestEvent", Scope.WEBHOOKS, _SUPPORT | _ADMIN),
    ),
}

_AT_SETTLEMENT: dict[str, tuple[Operation, ...]] = {
    "SettlementService": (
        *_look("GetProgress", "ListSchedules", "ListWindows", "GetWindow"),
        *_work("PutSchedule", "CloseWindow"),
        _change("RecheckWindow", _FINANCE, four_eyes=True),
        *_look("ListFacts", roles=_BOOKS),
    ),
    "PayoutService": (
        replace(_change("PutAgreement", _FINANCE, four_eyes=True), sealed=True),
        *_work("RetryPayout", "ProposePayoutRelease", "ApprovePayoutRelease"),
        _change("ResolvePayout", _FINANCE, four_eyes=True),
        *_look("ListAgreements", "GetAgreement", "ListPayouts", "GetPayout", "GetStatement"),
    ),
    "ArrivalService": (*_look("ListStuckArrivals"), *_work("RetryArrival")),
    "FxBookService": (
        *_work("RecordFxDeal", "SettleFxDeal"),
        *_look("ListFxDeals", "GetExposure", "GetFxResult", roles=_BOOKS),
    ),
    "PrefundingService": (*_look("GetPrefunding"), *_work("PutPrefundingThreshold")),
}
_AT_RECONCILIATION: dict[str, tuple[Operation, ...]] = {
    "ReconciliationService": (*_look("GetProgress"), *_look("ListFacts", roles=_BOOKS)),
    "FileService": (*_work("ImportFile"), *_look("ListFiles", "ListOverdueFiles")),
    "BreakService": (
        *_look("ListBreaks", "GetBreak"),
        *_work("AssignBreak", "CommentBreak"),
        *_work("ProposeResolution", "ApproveResolution", "RejectResolution"),
    ),
    "DayService": (
        *_work("RunDay", "CloseDay", "ProposeReopening", "ApproveReopening"),
        *_look("GetDay", "GetReport", "ListRows"),
    ),
}

OPERATIONS: dict[str, Operation] = {
    f"{package}.{service}/{row.method}": row
    for package, services in (
        (PACKAGE, _ROWS),
        (SETTLEMENT, _AT_SETTLEMENT),
        (RECONCILIATION, _AT_RECONCILIATION),
    )
    for service, rows in services.items()
    for row in rows
}
"""By full name without the slash in front: `kawase.gateway.v1.GatewayService/CreatePayment`."""


_BY_NAME = {
    method.partition("/")[2]: method for method in OPERATIONS if method.startswith(f"{PACKAGE}.")
}


def method_named(name: str) -> str:
    """The full name of the gateway's own RPC that is called `name`; no two of them share one."""
    return _BY_NAME[name]


def scopes_of(kind: ParticipantKind) -> frozenset[Scope]:
    """Every scope that is of any use to a participant of `kind`."""
    return frozenset(row.scope_of(kind) for row in OPERATIONS.values() if kind in row.kinds)


def operation_of(method: str) -> Operation:
    """The row of a full method name. Raises `OperationUnlisted`."""
    operation = OPERATIONS.get(method)
    if operation is None:
        raise OperationUnlisted(method)
    return operation


class OperationUnlisted(Forbidden):
    """An RPC that nobody may call, because no row says who may."""

    def __init__(self, method: str) -> None:
        super().__init__(
            f"{method} is not open to anybody: it has no row in services/gateway/access/operations."
        )
