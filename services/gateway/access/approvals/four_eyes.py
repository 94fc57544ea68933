"""Which calls need a second person: those that change money, limits, or who may do what.

Only operators' people are asked for one: what participants do to their own keys is theirs alone.

Looked at when somebody proposes, so that what cannot be is refused before anybody is asked to
approve it, and what changes nothing needs nobody.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from services.gateway.access.book import Scope
from services.gateway.access.people import (
    check_person,
    check_policy,
    person_from,
    policy_from,
    policy_of,
)
from services.gateway.access.proof.signatures import check_public_key
from services.gateway.access.serving.messages import algorithm_from
from services.gateway.admin import codec, rules
from services.gateway.admin.errors import ParticipantUnknown
from services.gateway.presenting.messages import lifetime_from
from services.gateway.presenting.rules import check_lifetime
from services.gateway.reference import Merchant, Participant, ParticipantKind, Reference
from services.pb.kawase.gateway.v1 import admin_service_pb2 as pb
from services.pb.kawase.gateway.v1 import bill_service_pb2, presented_service_pb2
from services.pb.kawase.settlement.v1 import payout_service_pb2, settlement_service_pb2

MONEY_SCOPES = frozenset(
    {
        *(Scope.PAYMENTS_WRITE, Scope.REFUNDS_WRITE, Scope.CHARGES_WRITE),
        *(Scope.TOPUPS_WRITE, Scope.WITHDRAWALS_WRITE, Scope.MERCHANTS_WRITE),
    }
)
"""With which money is moved, or where it goes is said."""

# The request, and all that is known: whether a second person is needed.
Predicate = Callable[[Any, Reference], bool]


def _participant(request: pb.PutParticipantRequest, known: Reference) -> bool:
    """Only how far a fresh wallet may owe; it cannot be changed later."""
    new = codec.participant_from(request.participant)
    rules.check_participant(known, new)
    before: Participant | None = known.participants.get(new.participant_id)
    return before is None and new.net_debit_limit > 0


def _merchant(request: pb.PutMerchantRequest, known: Reference) -> bool:
    """What it pays, how far it may owe, and the account its code leads to."""
    new = codec.merchant_from(request.merchant)
    rules.check_merchant(known, new)
    before: Merchant | None = known.merchants.get(new.merchant_id)
    if before is None:
        return new.net_debit_limit > 0
    return _money_of(before) != _money_of(new)


def _money_of(merchant: Merchant) -> Merchant:
    return replace(merchant, name="", city="", country_code="", category_code="")


def _biller(request: bill_service_pb2.OpenBillerRequest, known: Reference) -> bool:
    """As of a merchant, which it becomes; closing one alone is not held up."""
    if not request.open:
        return False
    before: Merchant | None = known.merchants.get(request.biller_id)
    if before is None:
        return request.net_debit_limit > 0
    terms = (request.fee_plan_id, request.net_debit_limit)
    return (before.fee_plan_id, before.net_debit_limit) != terms


def _scheme(request: pb.PutSchemeRequest, known: Reference) -> bool:
    new = codec.scheme_from(request.scheme)
    rules.check_scheme(known, new)
    return known.schemes.get(new.scheme) != new


def _fee_plan(request: pb.PutFeePlanRequest, known: Reference) -> bool:
    new = codec.fee_plan_from(request.fee_plan)
    rules.check_fee_plan(known, new)
    return known.fee_plans.get(new.fee_plan_id) != new


def _corridor(request: pb.PutCorridorRequest, known: Reference) -> bool:
    """Closing one alone is not held up."""
    new = codec.corridor_from(request.corridor)
    rules.check_corridor(known, new)
    before = rules.corridor_named(known, new.corridor_id)
    if before is not None and not new.open:
        return replace(before, open=False) != new
    return before != new


def _limit_rule(request: pb.PutLimitRuleRequest, known: Reference) -> bool:
    new = codec.limit_rule_from(request.limit_rule)
    rules.check_limit_rule(known, new)
    return known.limit_rules.get(new.limit_rule_id) != new


def _lifetime(request: presented_service_pb2.PutCodeLifetimeRequest, _known: Reference) -> bool:
    """What laws and terms say is not known by heart."""
    check_lifetime(lifetime_from(request.code_lifetime))
    return True


def _case(request: pb.ResolveCaseRequest, _known: Reference) -> bool:
    """To ask the partner once more moves nothing by itself."""
    return request.resolution != pb.CASE_RESOLUTION_RETRY


def _dispute(request: pb.AnswerDisputeRequest, _known: Reference) -> bool:
    """To fight it costs nothing yet."""
    return bool(request.accept)


def _escrow(_request: Any, _known: Reference) -> bool:
    """Always: all that is held goes one way or the other."""
    return True


def _window(request: settlement_service_pb2.RecheckWindowRequest, _known: Reference) -> bool:
    """To compare it again changes nothing that the ledger does not say."""
    return request.accept_difference


def _agreement(request: payout_service_pb2.PutAgreementRequest, _known: Reference) -> bool:
    """It says where money goes; to have nothing paid by it alone is not held up."""
    return request.agreement.active


def _payout(_request: Any, _known: Reference) -> bool:
    """Always: a person's word stands in for the bank's."""
    return True


def _api_key(request: pb.CreateApiKeyRequest, known: Reference) -> bool:
    """One with which money can be moved or led elsewhere; what looks on needs one person."""
    participant = known.participants.get(request.participant_id)
    if participant is None:
        raise ParticipantUnknown(request.participant_id)
    if participant.kind is ParticipantKind.OPERATOR or not request.scopes:
        return True
    return not MONEY_SCOPES.isdisjoint(request.scopes)


def _signing_key(request: Any, _known: Reference) -> bool:
    """Always: who holds the private half speaks for the participant."""
    check_public_key(algorithm_from(request.algorithm), request.public_key)
    return True


def _person(request: Any, known: Reference) -> bool:
    """To put somebody out alone is not held up."""
    new = person_from(request.person)
    check_person(new)
    before = known.access.persons.get(new.person_id)
    if before is not None and not new.active:
        return replace(before, active=False) != new
    return before != new


def _policy(request: Any, known: Reference) -> bool:
    new = policy_from(request.policy)
    check_policy(known, new)
    return policy_of(known, new.participant_id) != new


NEEDED: dict[str, Predicate] = {
    "PutParticipant": _participant,
    "PutMerchant": _merchant,
    "OpenBiller": _biller,
    "PutScheme": _scheme,
    "PutFeePlan": _fee_plan,
    "PutCorridor": _corridor,
    "PutLimitRule": _limit_rule,
    "PutCodeLifetime": _lifetime,
    "ResolveCase": _case,
    "AnswerDispute": _dispute,
    "ResolveEscrowDispute": _escrow,
    "PutAgreement": _agreement,
    "RecheckWindow": _window,
    "ResolvePayout": _payout,
    "CreateApiKey": _api_key,
    "PutSigningKey": _signing_key,
    "PutPerson": _person,
    "PutAccessPolicy": _policy,
}
"""By the operation's name; a test holds it to the operations that say `four_eyes`."""


def is_needed(name: str, request: Any, known: Reference) -> bool:
    """Whether this request needs a second person. Raises what its rules raise.

    An operation without a predicate always needs one.
    """
    predicate = NEEDED.get(name)
    return predicate is None or predicate(request, known)
