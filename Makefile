# The verbs of this project; each is a line or a script one can also call by hand.
.DEFAULT_GOAL := help
.PHONY: help install build release demo test unit lint format tsan asan fuzz microbench bench clean soak \
	check-spark check-engines check-postgres

# A target that uses what it does not declare builds by luck of the order.
flags := --explicit-target-dependency-import-check error
SOAK ?= 1000
sources := Sources Tests Benchmarks/Micro Benchmarks/Schedules Package.swift

help: ## List the verbs
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 18

install: ## Install what building and testing need
	scripts/install test

build: ## Build everything, tests too, for debugging
	swift build --build-tests $(flags)

release: ## Build the program as it is shipped
	swift build -c release --product tributary $(flags)

demo: ## Install what is missing, build, and land a sample shop in ./demo/lake
	scripts/install demo
	swift build -c release --product tributary
	.build/release/tributary demo

# In one configuration, the one that is shipped: what others wrote takes minutes to build, and is built once.
# The simulation goes by itself: it takes all cores, and tests with servers wait for locks beside it.
test: ## Run the whole test suite against private servers
	scripts/install test
	swift build -c release --build-tests $(flags)
	scripts/run-tests -c release --filter SchedulerSimulationTests
	scripts/with-servers scripts/run-tests -c release --skip SchedulerSimulationTests

unit: ## Run the tests that need neither the program nor other engines
	scripts/with-servers swift test --disable-xctest --skip IntegrationTests

lint: ## Check layout and the shell scripts
	swift format lint --strict --recursive --parallel $(sources)
	for script in .ci/run scripts/*; do bash -n $$script || exit 1; done

format: ## Lay out the sources
	swift format --in-place --recursive --parallel $(sources)

tsan: ## Run the unit tests under ThreadSanitizer
	scripts/with-servers scripts/sanitize thread .build-tsan

asan: ## Run the unit tests under AddressSanitizer
	scripts/with-servers scripts/sanitize address .build-asan

fuzz: ## Fuzz the decoders, FUZZ_SECONDS each
	scripts/fuzz

microbench: ## Compare the instructions of each layer with the committed counts
	scripts/microbench

check-spark: release ## Let Spark change tables between syncs, and compare all rows
	scripts/check-spark

check-engines: ## Have chdb and Spark read the edge tables
	swift build -c release --build-tests $(flags)
	scripts/check-engines

check-postgres: ## Run the tests of Postgres against versions 16, 17 and 18
	swift build -c release --build-tests $(flags)
	scripts/check-postgres

bench: release ## Measure against other tools; BENCH="--scale 0.1 --rounds 3" and the like
	scripts/bench $(BENCH)
	scripts/bench-schedules $(BENCH_SCHEDULES)

soak: release ## Search for faults as long as SOAK says: cases of the crash and load harnesses, seconds of fuzzing
	scripts/with-servers .venv/bin/python -B Tests/Python/crash.py --cases $(SOAK)
	scripts/with-servers .venv/bin/python -B Tests/Python/load.py resume --seed $$$$ --cases $(SOAK)
	scripts/with-servers .venv/bin/python -B Tests/Python/load.py incremental --seed $$$$ --cases $(SOAK)
	FUZZ_SECONDS=$(SOAK) scripts/fuzz

clean: ## Stop the servers and remove all that was built
	scripts/servers down
	TRIBUTARY_SERVERS=.bench/servers scripts/servers down
	rm -rf .build .build-* "$$(readlink -m .servers)" .servers .venv demo
	rm -rf "$$(readlink -m .bench/servers)" .bench
