"""The commands of late charges to wallet and bridge."""

from services.gateway.late.model import LateCharge, Step
from services.gateway.payments.messages import bridge_command, leg_message, money, wallet_command
from services.kit.outbox import Outgoing
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as bridge
from services.pb.kawase.wallet.v1 import wallet_message_pb2 as wallet


def command_of(step: Step, late: LateCharge) -> Outgoing:
    """The command of a step; the same however often it is sent."""
    return _refund(late) if step is Step.REFUND else _transfer(step, late)


def _transfer(step: Step, late: LateCharge) -> Outgoing:
    funding = late.funding_account_id
    transfer = wallet.TransferFunds(
        link_id=late.link_id(step),
        funding_account_id=funding,
        legs=[leg_message(late.leg(step))],
    )
    command = wallet.WalletCommand(transfer_funds=transfer)
    return wallet_command(funding, "TransferFunds", command)


def _refund(late: LateCharge) -> Outgoing:
    refund = bridge.RefundCharge(
        refund_id=late.ask_id,
        charge_id=late.charge_id,
        resource_id=late.resource_id,
        amount=money(late.amount.minor, late.amount.currency),
        reason="The payment had been declined before the charge was accepted.",
    )
    command = bridge.BridgeCommand(refund_charge=refund)
    return bridge_command(late.resource_id, "RefundCharge", command)
