# Every recipe runs with the Node 24 that npm installs, whatever Node the machine has.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
EVENTLAKE := node --max-semi-space-size=8 -- cli/main.ts
JEST := node --experimental-vm-modules --disable-warning=ExperimentalWarning node_modules/jest/bin/jest.js --testTimeout=60000
DATASET ?= electronics

.DEFAULT_GOAL := help
.PHONY: help install demo data check-data ingest process run status audit rejected reset test test-unit lint format bench services services-stop clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: node_modules/.installed ## install everything into node_modules (done by itself when needed)

node_modules/.installed: package.json package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: install Node.js 20 or newer, from https://nodejs.org or your system's packages"; exit 1; }
	@echo "installing packages into node_modules ..."
	@npm ci --loglevel=error --no-audit --no-fund
	@touch $@

demo: install ## the whole job with no Docker and no JVM: data → lake → profiles, and a look at the result
	@$(EVENTLAKE) demo $(DATASET)

data: install ## make synthetic data/electronics.csv (885,129 rows) unless there is one
	@test -e data/$(DATASET).csv || $(EVENTLAKE) generate $(DATASET) --rows 885129 --seed 1 --out data/$(DATASET).csv

check-data: install ## would data/electronics.csv pass? writes nothing
	@$(EVENTLAKE) check-data $(DATASET)

ingest: install ## CSV file → event log
	@$(EVENTLAKE) ingest $(DATASET)

process: install ## event log → lake → profiles → index
	@$(EVENTLAKE) process $(DATASET)

run: install ## the whole job: ingest, process, audit
	@$(EVENTLAKE) run $(DATASET)

status: install ## positions, lag, table versions, sizes
	@$(EVENTLAKE) status $(DATASET)

audit: install ## count every row at every hop, and prove that they balance
	@$(EVENTLAKE) audit $(DATASET)

rejected: install ## what was turned away, and why
	@$(EVENTLAKE) rejected $(DATASET)

reset: install ## wipe the dataset's log, lake and index (make reset YES=1)
	@$(EVENTLAKE) reset $(DATASET) $(if $(YES),--yes)

test: install lint ## install and start the real servers, and pass every test
	@node services/main.ts install
	@mkdir -p test-results
	@$(JEST) --json --outputFile=test-results/jest.json

test-unit: install ## the tests that need no server, in seconds
	@$(JEST) --selectProjects unit

lint: install ## types, format, lint rules, and which folder may import which
	@tsc
	@biome check --error-on-warnings
	@depcruise --config .dependency-cruiser.js cli core ingestion lake processing inspection adapters config generator dashboard services

format: install ## mend what the formatter can
	@biome check --write

bench: install ## measure against peers; prints a table and writes docs/benchmarks.md
	@node bench/main.ts

services: install ## install and start real Kafka, MinIO and Elasticsearch for the tests, without Docker
	@node services/main.ts start

services-stop: install ## stop them
	@node services/main.ts stop

clean: ## remove what was installed and what tests left (not data/ and not .eventlake/)
	rm -rf node_modules test-results coverage
