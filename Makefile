# Every target sets itself up in .venv: python3 and pip are all that a fresh machine needs.
PYTHON ?= python3
BIN := .venv/bin
DATA ?=
ARGS ?=

ENVIRONMENTS := InvLostSales-v0 InvLostSalesLeadTime-v0 InvPerishable-v0 InvDualSourcing-v0 InvProcurementRemoval-v0
AGENTS := direct-backprop penalised constructed ppo
# One environment for each problem that has a generalist, the longest training first.
GENERALISTS := InvPerishable-v0 InvLostSales-v0 InvDualSourcing-v0 InvProcurementRemoval-v0
GENERALIST_TRAININGS := $(GENERALISTS:%=generalist-%)

# A recipe reads the name of a file from the environment, so that it may hold spaces.
export DATA

# One thread for each process: the tests run in parallel.
test: export OMP_NUM_THREADS := 1

.PHONY: docs try leaderboard tables pictures labs weights generalists $(GENERALIST_TRAININGS) unsteady structure evidence ppo test fuzz check lint types speed clean

leaderboard: .venv  ## rank every policy on every environment; DATA=sales.csv adds your own demand table
	$(BIN)/inv-gym leaderboard $(if $(DATA),--data "$$DATA") $(ARGS)

tables: .venv  ## published tables beside ours
	$(BIN)/inv-gym tables $(ARGS)

pictures: .venv  ## orders of optimal policies, of heuristics and of the networks that come with the package
	$(BIN)/inv-gym pictures $(ARGS)

labs: .venv  ## the notebooks of the labs; ARGS=--solved for those with all blanks filled
	$(BIN)/python examples/labs/notebooks.py $(ARGS)

weights: .venv  ## train the networks that come with the package, minutes each; an interrupted run goes on
	for env in $(ENVIRONMENTS); do for agent in $(AGENTS); do \
	  $(BIN)/inv-gym train --env $$env --agent $$agent --out runs/$$env.$$agent \
	    $$(test -e runs/$$env.$$agent/checkpoint.safetensors && echo --resume) || exit 1; \
	  mkdir -p agents/trained && cp runs/$$env.$$agent/weights.safetensors agents/trained/$$env.$$agent.safetensors; \
	done; done
	$(MAKE) generalists

generalists: $(GENERALIST_TRAININGS)  ## train the networks for real tables, two at a time with make -j2; an interrupted run goes on

$(GENERALIST_TRAININGS): generalist-%: .venv
	$(BIN)/inv-gym train --env $* --agent generalist --out runs/$*.generalist \
	  $$(test -e runs/$*.generalist/checkpoint.safetensors && echo --resume)
	cp runs/$*.generalist/weights.safetensors agents/trained/$*.generalist.safetensors

unsteady: .venv  ## train the networks for new products whose demand changes, minutes each on one core
	for lead_time in 0 4 drawn; do \
	  $(BIN)/python -m inv_gym.agents.unsteady --lead-time $$lead_time \
	    --out agents/unsteady/trained/$$lead_time.safetensors || exit 1; \
	done

structure: .venv  ## the measurements of docs/structure.md: hours; goes on where it was interrupted
	$(BIN)/python examples/experiments structure $(ARGS)

evidence: .venv  ## the measurements of docs/evidence.md: hours; goes on where it was interrupted
	$(BIN)/python examples/experiments evidence $(ARGS)

ppo: .venv  ## the measurements of docs/ppo.md: hours; goes on where it was interrupted
	$(BIN)/python examples/experiments sample_efficiency $(ARGS)

test: .venv  ## the test suite
	$(BIN)/python -m pytest $(ARGS)

fuzz: .venv  ## at least 1,000 bad inputs of the public calls; each must be refused in clear words
	FUZZ_EXAMPLES=40 FUZZ_LEAST=1000 $(BIN)/python -m pytest tests/fuzz --numprocesses 0 $(ARGS)

check: lint types test  ## what CI runs

lint: .venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv
	$(BIN)/mypy

speed: .venv  ## the figures of the README's speed table
	$(BIN)/python examples/benchmarks/speed.py $(ARGS)

try: .venv  ## the tables of the page to click, docs/_static/try.html: some minutes
	$(BIN)/python docs/try_tables.py

docs: .venv  ## the documentation site, in docs/_build/html; warnings are errors
	$(BIN)/python -m sphinx --fail-on-warning --keep-going -b html docs docs/_build/html $(ARGS)
	$(BIN)/python docs/check_links.py docs/_build/html

.venv: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv results runs .pytest_cache .mypy_cache .ruff_cache *.egg-info
