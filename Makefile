# Every recipe runs with the Node 24 that npm installs, regardless of the Node of the machine; where npm has none (macOS), with that one.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
EVENTLAKE := node --max-semi-space-size=16 --heap-growing-percent=100 -- cli/main.ts
# What works on data/ alone runs in the stack's image where there is no Node.
ifeq ($(shell command -v npm),)
ON_DATA := ./stack.sh on-data
else
ON_DATA := $(EVENTLAKE)
NODE := install
endif
JEST := node --experimental-vm-modules --disable-warning=ExperimentalWarning node_modules/jest/bin/jest.js --testTimeout=600000
# The dashboard's page as the server sends it, built from dashboard/web/.
PAGE := dashboard/web/dist/index.html
ifndef DATASET
DATASET := $(shell ./setup-environment.sh --get DATASET)
endif
# Messages of a topic are JSON, and so are the lines of a file that plays their producer.
JSON_LINES := type: topic|format: ndjson
FILE := data/$(DATASET).$(if $(shell grep -sE '$(JSON_LINES)' config/datasets/$(DATASET)/dataset.yml),ndjson,csv)
# What a target does in the stack where that runs, and on local files where it does not.
EITHER = @if ./stack.sh is-up; then ./stack.sh $@ $(DATASET); \
  else $(MAKE) --silent --no-print-directory install && $(EVENTLAKE) $@ $(DATASET); fi

.DEFAULT_GOAL := help
.PHONY: help install data check-data demo live run dashboard reset start ingest process follow monitoring warehouse urls dashboards logs stop clean status health audit rejected \
  test test-unit test-compose torture lint format bench screenshots services services-env services-stop uninstall

help: ## list the targets
	@awk -F ':.*## ' '/^##@ / { print "\n" substr($$0, 5) } /^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Data

data: $(NODE) ## make a synthetic data/$DATASET.csv or .ndjson (885,129 rows, or ROWS=) unless there is one
	@if test -e $(FILE); then echo "$(FILE) is there, and stays"; \
	  else $(ON_DATA) generate $(DATASET) --rows $(or $(ROWS),885129) --seed 1 --out $(FILE); fi

check-data: $(NODE) ## would data/$DATASET.csv pass? writes nothing
	@$(ON_DATA) check-data $(DATASET)

##@ Without Docker, on local files in .eventlake/

demo: install $(PAGE) ## the whole job, data → lake → profiles, and a look at the result
	@$(EVENTLAKE) demo $(DATASET)

live: install $(PAGE) ## simulated readings, from the generator to the page, while one looks (make live RATE=50 PORT=8081)
	@$(EVENTLAKE) live $(if $(RATE),--rate $(RATE)) $(if $(PORT),--port $(PORT))

run: install ## the whole job: ingest, process, audit
	@$(EVENTLAKE) run $(DATASET)

dashboard: ## the page over all datasets (make dashboard PORT=8081); a service of the stack while that runs
	@if ./stack.sh is-up; then $(if $(PORT),DASHBOARD_PORT=$(PORT)) ./stack.sh dashboard $(if $(OFF),--off); \
	  else $(MAKE) --silent --no-print-directory install $(PAGE) && DATASET=$(DATASET) $(EVENTLAKE) dashboard $(if $(PORT),--port $(PORT)); fi

reset: install ## wipe the dataset's log, lake and index (make reset YES=1)
	@$(EVENTLAKE) reset $(DATASET) $(if $(YES),--yes)

##@ With Docker: the stack of Kafka, MinIO, Elasticsearch and Kibana

start: ## start it, wait until it is healthy, say where it is; with Spark and its workers: make start SPARK=1
	@./stack.sh start $(if $(SPARK),--spark $(SPARK))

ingest: ## CSV file → Kafka
	@./stack.sh ingest $(DATASET)

process: ## Kafka → lake in MinIO → profiles → Elasticsearch (by Spark: make process ENGINE=spark)
	@$(if $(ENGINE),ENGINE=$(ENGINE)) ./stack.sh process $(DATASET)

follow: ## the same, and it stays until make follow OFF=1
	@$(if $(ENGINE),ENGINE=$(ENGINE)) ./stack.sh follow $(if $(OFF),--off,$(DATASET))

monitoring: ## Prometheus with alerts, and a processor that stays
	@./stack.sh monitoring $(DATASET)

warehouse: ## PostgreSQL, for the datasets that are published there
	@./stack.sh warehouse

urls: ## where Kibana and the others are
	@./stack.sh urls

dashboards: ## import Kibana's dashboards again
	@./stack.sh dashboards

logs: ## follow what the servers say (of one: make logs SERVICE=kafka)
	@./stack.sh logs $(SERVICE)

stop: ## stop it; all data stays
	@./stack.sh stop

clean: ## stop it and delete its data, after a question (without: make clean YES=1)
	@./stack.sh clean $(if $(YES),--yes)

##@ Where things stand: in the stack while it runs, otherwise on the local files

status: ## positions, lag, table versions, sizes
	$(EITHER)

health: ## ask every broker and server whether it is well
	@if ./stack.sh is-up; then ./stack.sh health; \
	  else $(MAKE) --silent --no-print-directory install && $(EVENTLAKE) health; fi

audit: ## count every row at every stage, and prove that they balance
	$(EITHER)

rejected: ## what was rejected, and why
	$(EITHER)

##@ To work on eventlake

install: node_modules/.installed ## install everything into node_modules (done by itself when needed)
	@:

node_modules/.installed: package.json package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: install Node.js 20 or newer, from https://nodejs.org or your system's packages"; exit 1; }
	@echo "installing packages into node_modules ..."
	@npm ci --ignore-scripts --loglevel=error --no-audit --no-fund
	@node -e 'process.exit(parseInt(process.versions.node) < 24 ? 1 : 0)' || { \
	  echo "npm has no Node 24 for this machine: install Node.js 24 or newer, from https://nodejs.org or your system's packages"; exit 1; }
	@touch $@

$(PAGE): node_modules/.installed $(shell find dashboard/web -type f -not -path '*/dist/*') dashboard/api.ts
	@vite build dashboard/web

# Most tests wait for a server or a process: two at once take little more than half the time, on two cores, too.
test: install $(PAGE) lint ## install and start the real servers, and pass every test
	@node test/servers/main.ts install
	@mkdir -p test-results
	@$(JEST) --maxWorkers=2 --json --outputFile=test-results/jest.json

test-compose: install ## the tests that start the Docker stack; without Docker they only say so
	@$(JEST) --selectProjects compose

test-unit: install ## the tests that need no server, in seconds
	@$(JEST) --selectProjects unit

torture: install ## inject faults at random moments, compare exactly (SEED=, ROUNDS=20, ONLY=name,name); takes an hour or more
	@SEED=$(SEED) ROUNDS=$(ROUNDS) ONLY=$(ONLY) node test/torture/main.ts
	$(if $(ONLY),,@BROKER_KILLS=$(or $(ROUNDS),20) $(JEST) test/stack/sasl-cluster.test.ts)

lint: install ## types, format, rules, which folder may import which; scripts, Docker and workflow files; words; width of comments
	@tsc
	@tsc -p dashboard/web
	@biome check --error-on-warnings
	@depcruise --config .dependency-cruiser.js cli core ingestion lake processing inspection monitoring adapters config generator dashboard
	@node test/lint/lint.ts
	@node test/lint/words.ts
	@node test/lint/comments.ts

format: install ## fix what the formatter can
	@biome check --write

bench: install ## measure against peers; prints a table and writes docs/benchmarks.md
	@node bench/main.ts

screenshots: install $(PAGE) ## make the pictures of the page in docs/images; needs Chromium
	@node docs/screenshots.ts

services: install ## install and start real Kafka, MinIO and Elasticsearch for the tests, without Docker (WITH=postgres or WITH=spark: that, too)
	@node test/servers/main.ts start $(WITH)

services-env: install ## print their addresses as `export NAME=value` lines: eval "$$(make -s services-env)"
	@node test/servers/main.ts env

services-stop: install ## stop them
	@node test/servers/main.ts stop

uninstall: ## remove node_modules and what tests left (not data/ and not .eventlake/)
	rm -rf node_modules test-results coverage
