# The targets that people and CI call; how each works stands in scripts/.
PYTHON := .venv/bin/python

.PHONY: run test bench races dialled traces test-image clean

run: ## set up what is missing, then the server with an Asterisk of its own and demo data
	@scripts/setup.sh run
	@exec .venv/bin/contactcenter run --data var $(ARGS)

test: ## lint, types and the whole test suite
	@scripts/setup.sh test
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	$(PYTHON) -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

bench: ## the benchmark table
	@scripts/setup.sh test
	@$(PYTHON) -m bench $(ARGS)

races: ## who answers in one instant, who hangs up in it: 200 times each, on the real Asterisk
	@scripts/setup.sh test
	CONTACTCENTER_RACES=200 $(PYTHON) -m pytest -s tests/e2e/test_races.py $(ARGS)

dialled: ## 500 leads dialled to their end, the server killed in the middle, on the real Asterisk
	@scripts/setup.sh test
	CONTACTCENTER_LEADS=500 $(PYTHON) -m pytest -s tests/e2e/test_dialled_lists.py $(ARGS)

traces: ## record the traces of the tests anew, from the real Asterisk
	@scripts/setup.sh test
	@$(PYTHON) -m tests.traces.record $(ARGS)

test-image: ## build the Asterisk image without a container engine, boot it and talk to it
	@scripts/setup.sh test
	@scripts/test-image.sh

clean: ## remove what the set-up made; the data in var/ stays
	rm -rf .venv .asterisk .postgresql .node .cache web/node_modules web/static/build .mypy_cache .ruff_cache .pytest_cache
