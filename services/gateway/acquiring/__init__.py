"""What merchant acquirers do: shops with maker and checker, their codes, and orders paid once.

`serving/` is `AcquirerService` over gRPC and HTTP. Orders meet payments in `orders/claims.py`,
refunds meet their limit in `merchants/refund_limits.py`; nothing else of a payment knows this room.
"""
