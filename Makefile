# Everything sets itself up: a fresh Debian 12 or Raspberry Pi OS with Python 3.11, git and make is enough.
PYTHON ?= python3
BIN := .venv/bin
# Processes that the tests run in; a file's tests stay in one, in order. JOBS=0: none but pytest's own, as for --pdb.
JOBS ?= auto

.PHONY: evaluate test lint format schemas figures rules mutations clean running development help

help:  ## this list
	@grep -hE '^[a-z%-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 28

running:
	@$(PYTHON) scripts/environment.py running

development:
	@$(PYTHON) scripts/environment.py development

evaluate: running  ## the main job: all ways in, side by side, to out/evaluate/report.html
	$(BIN)/threshold evaluate $(ARGS)

test: development  ## all tests; what needs something absent is skipped and says why
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(ARGS)

lint: development  ## ruff, mypy strict, import direction, schemas up to date
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python scripts/schemas.py --check
	$(BIN)/python scripts/figures.py --check
	$(BIN)/python scripts/rules.py --check

format: development  ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

figures: development  ## write models/figures.json, the cards' figures, from docs/proof
	$(BIN)/python scripts/figures.py

rules: development  ## write docs/policy/rules.md, each rule in plain words, from the rules
	$(BIN)/python scripts/rules.py

schemas: development  ## write policy/schemas/*.json anew from the models in code
	$(BIN)/python scripts/schemas.py

mutations: development  ## write docs/policy/mutations.csv anew: each fact of each allowed record changed alone
	$(BIN)/python scripts/mutations.py

prove-%: development  ## one claim, measured again: writes docs/proof/NAME.json (make prove-list names them)
	$(BIN)/python scripts/prove.py $* $(ARGS)

clean:  ## remove what was built, keep what was written by hand
	rm -rf .venv build dist out *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
