"""The load generator: reads a `Plan` on standard input, pays, writes its tally to standard output.

python -P -m services.sandbox.bench.load < plan.json
"""

import asyncio
import json
import sys

from services.sandbox.bench.plan import Plan, Tally
from services.sandbox.bench.stream import pay_by_stream
from services.sandbox.bench.unary import pay_by_unary


async def run(plan: Plan) -> Tally:
    """Carry out `plan`."""
    tally = Tally()
    await (pay_by_unary if plan.api == "unary" else pay_by_stream)(plan, tally)
    return tally


def main() -> None:
    plan = Plan.from_json(sys.stdin.read())
    sys.stdout.write(json.dumps(asyncio.run(run(plan)).summary()) + "\n")


if __name__ == "__main__":
    main()
