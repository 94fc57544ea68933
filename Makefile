# Everything a person types. `make` alone says what there is.
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
BUF := npx --yes @bufbuild/buf@1.75.0
# A house is a dozen processes; without kept bytecode each compiles every module anew at its start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install check test demo up bench chaos chaos-partners protos format clean

help: ## say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

install: $(BIN)/.installed ## make .venv with everything that is locked

$(BIN)/.installed: pyproject.toml uv.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(UV) || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(UV) sync --locked --quiet --inexact --compile-bytecode
	@touch $@

check: install ## everything fast: format, lint, types, import contracts, protos, pure tests
	@$(BIN)/ruff format --check --quiet services tests protos
	@$(BIN)/ruff check --quiet services tests protos
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/mypy
	@$(BIN)/python protos/generate.py --check
	@if command -v npx >/dev/null; then $(BUF) lint; else echo "buf lint skipped: no node here"; fi
	@$(BIN)/pytest -q tests/unit tests/test_tidy.py

test: install ## all tests, on a real Postgres and a real Kafka
	@$(BIN)/pytest -n 2

demo: install ## real payments on a local stack, told step by step
	@$(BIN)/kawase demo

up: install ## keep the stack, the services and the simulators running
	@$(BIN)/kawase up

bench: install ## how fast, on this machine
	@$(BIN)/kawase bench payments --seconds 20 --in-flight 256 --api unary
	@$(BIN)/kawase bench payments --seconds 20 --in-flight 512 --api stream

chaos: install ## kill -9 each service after each step of a payment
	@$(BIN)/kawase chaos

SEED ?= 7
N ?= 2000
chaos-partners: install ## N payments while all partners fail at random by SEED
	@$(BIN)/kawase chaos-partners --seed $(SEED) --payments $(N)

protos: install ## generate services/pb from protos
	@$(BIN)/python protos/generate.py

format: install ## format and fix what can be fixed
	@$(BIN)/ruff format --quiet services tests protos
	@$(BIN)/ruff check --quiet --fix services tests protos

clean: ## remove the local stack's data
	@rm -rf .local
