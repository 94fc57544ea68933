"""Stands in for grpcurl where it is not installed: the same arguments, by the server's reflection.

grpcurl -plaintext -H "NAME: VALUE" -d JSON HOST:PORT SERVICE/METHOD
"""

import argparse
import sys
from typing import Any

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import MessageToJson, Parse
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

CALL_SECONDS = 30.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="grpcurl", allow_abbrev=False)
    parser.add_argument("-plaintext", action="store_true", required=True)
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("-d", dest="data", default="{}")
    parser.add_argument("address")
    parser.add_argument("method")
    given = parser.parse_args()
    service, _, name = given.method.rpartition("/")
    pairs = (header.partition(":") for header in given.headers)
    metadata = tuple((key.strip().lower(), value.strip()) for key, _, value in pairs)
    with grpc.insecure_channel(given.address) as channel:
        pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
        method = pool.FindServiceByName(service).FindMethodByName(name)
        request = Parse(given.data, GetMessageClass(method.input_type)())
        call: Any = channel.unary_unary(
            f"/{service}/{name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        try:
            answer = call(request, metadata=metadata, timeout=CALL_SECONDS)
        except grpc.RpcError as error:
            sys.exit(f"ERROR: {error}")
    # Names as in the protos: what our reflection tells has no names for JSON.
    text = MessageToJson(answer, preserving_proto_field_name=True, descriptor_pool=pool)
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main()
