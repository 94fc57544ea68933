"""PutLimitRule and ListLimitRules: limits by law and by partners' contracts."""

from typing import Any

import grpc

from services.gateway.access.keys import Keys
from services.gateway.admin import codec, rules
from services.gateway.admin.putting import Kind, Putting
from services.gateway.reference import store
from services.gateway.reference.board import ReferenceBoard
from services.kit.rpc import answers
from services.pb.kawase.gateway.v1 import admin_service_pb2 as pb
from services.pb.kawase.gateway.v1.admin_service_pb2_grpc import AdminServiceServicer

Context = grpc.aio.ServicerContext[Any, Any]

_LIMIT_RULE = Kind(
    "PutLimitRule",
    lambda new: new.limit_rule_id,
    lambda known, name: known.limit_rules.get(name),
    rules.check_limit_rule,
    store.put_limit_rule,
    lambda _new: [],
)


class LimitRuleMethods(AdminServiceServicer):
    """The methods of `AdminServer` about limit rules."""

    _keys: Keys
    _board: ReferenceBoard
    _putting: Putting

    @answers
    async def PutLimitRule(
        self, request: pb.PutLimitRuleRequest, context: Context
    ) -> pb.PutLimitRuleResponse:
        caller = self._keys.require_operator(context)
        new = codec.limit_rule_from(request.limit_rule)
        await self._putting.put(caller, _LIMIT_RULE, new)
        return pb.PutLimitRuleResponse(limit_rule=codec.limit_rule_to(new))

    @answers
    async def ListLimitRules(
        self, request: pb.ListLimitRulesRequest, context: Context
    ) -> pb.ListLimitRulesResponse:
        """All rules, active or not, in the order of their ids."""
        self._keys.require_operator(context)
        known = (await self._board.load()).limit_rules
        return pb.ListLimitRulesResponse(
            limit_rules=[codec.limit_rule_to(known[name]) for name in sorted(known)]
        )
