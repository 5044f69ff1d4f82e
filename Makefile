# `make sure` is what CI runs. Everything else is a part of it, or takes longer.
PY = .venv/bin/python

.PHONY: sure setup format lint types imports test nightly race lock catalogue pictures

sure:
	.ci/run

setup:
	python3 -m campaign setup --dev

format: setup
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

lint: setup
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .

types: setup
	.venv/bin/mypy

imports: setup
	.venv/bin/lint-imports

test:
	python3 -m campaign test

# What takes longer than a commit should wait: three quarters of an hour, on a machine that does nothing else.
nightly:
	python3 -m campaign test -m'longer or nightly'

# 16 processes, 200,000 operations on the same places; prints how long the slowest waited.
race:
	python3 -m campaign test -m race -s tests/faults/test_contest.py

# Universal and hashed, without addresses: the same file for every platform and index.
lock: setup
	for name in runtime dev node; do \
		.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
			requirements/$$name.in --output-file requirements/$$name.txt || exit 1; \
	done
	npm install --package-lock-only --ignore-scripts

# The committed picture of the schema, after a migration.
catalogue: setup
	$(PY) -m tests.architecture.catalogue

# The pictures of the README, from the product with its demo; needs Chromium.
pictures: setup
	$(PY) -m tests.browser.pictures
