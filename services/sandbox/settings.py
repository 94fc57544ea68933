"""What the stack takes from the environment, and what it hands on."""

import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

# Marks every process of a stack with the stack's directory, so that a person or a test can find
# them all.
MARKER = "KAWASE_STACK"


class StackSettings(BaseSettings):
    """Servers that exist already; the stack starts its own where none is named."""

    model_config = SettingsConfigDict(env_prefix="KAWASE_", extra="ignore")

    postgres: str | None = Field(
        default=None, description="DSN of a PostgreSQL login that may create"
    )
    kafka: str | None = Field(default=None, description="bootstrap servers of a Kafka, host:port")


def inherited() -> dict[str, str]:
    """The environment a child starts from: ours without settings meant for this process."""
    return {name: value for name, value in os.environ.items() if not name.startswith("KAWASE_")}


def given() -> dict[str, str]:
    """The servers that the environment names, for a process that runs a stack in our stead."""
    names = ("KAWASE_POSTGRES", "KAWASE_KAFKA")
    return {name: os.environ[name] for name in names if name in os.environ}


def screening_list() -> dict[str, str]:
    """The screening list that the environment names for the gateways of a stack."""
    name = "KAWASE_GATEWAY_SCREENING_LIST"
    return {name: str(Path(os.environ[name]).absolute())} if name in os.environ else {}
