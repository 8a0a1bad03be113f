SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO       ?= go
DEMO     ?= testdata/incidents/bloat
REPORT   ?= bin/report.html
FUZZTIME ?= 20s
RUBIES   ?= 2.7 3.3

.PHONY: help setup setup-rubies rubies build demo test unit e2e browser lint fmt golden bench bench-heap judge fuzz docs picture web clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what the tests need (Debian packages; root or sudo)
	@scripts/setup.sh

setup-rubies: ## Rubies of other Debian releases, for make rubies (root)
	@scripts/setup-rubies.sh $(RUBIES)

rubies: setup-rubies ## boot apps with RUBIES (2.7 3.3; 3.4 too) beside Debian's own
	CULPRIT_RUBY_VERSIONS="$(RUBIES)" $(GO) test -p 1 -tags rubies -timeout 20m -run 'EveryRuby|EachAnswers|Wrapper' ./internal/lab/rubies ./internal/source/rubyboot ./internal/source/rubymem ./internal/source/rubydump ./internal/source/nativemem ./internal/inspection
	$(GO) test -tags e2e,rubies -timeout 20m -run OtherRubies ./lab/bootvictim

build: ## build bin/culprit
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/culprit ./cmd/culprit

demo: build ## judge a recorded incident; needs nothing but Go
	@bin/culprit investigate $(DEMO)/logs $(DEMO)/series --html $(REPORT)

test: setup unit e2e browser ## everything that can fail: unit, end to end, browser

unit: ## go vet and the Go tests, with the race detector
	$(GO) vet ./...
	$(GO) test -race -shuffle=on -timeout 20m ./...

e2e: ## the recorded incidents and live servers, end to end; the live app by itself
	$(GO) test -timeout 20m ./internal/analysis/rises
	$(GO) test -tags e2e -timeout 20m ./internal/cli ./internal/source/metrics ./lab/bootvictim
	$(GO) test -tags e2e -timeout 30m ./lab

browser: ## the report in a headless Chromium
	web/test.sh

lint: ## format and lint, as CI does
	@scripts/lint.sh

fmt: ## format every Go file
	$(GO) tool -modfile=tools/go.mod gofumpt -w $$(git ls-files '*.go')

golden: ## rewrite the golden files of tests; read the diff before committing
	@scripts/golden.sh

bench: ## speed and memory beside the floors and the peers of this machine
	bench/logs.sh
	$(GO) test -run '^$$' -bench . -benchmem ./...

bench-heap: ## heap dumps: speed and memory beside the floors and heapy
	bench/heap.sh

judge: ## how often the verdict is right, on simulated fleets
	$(GO) run ./internal/lab/cmd/judge

fuzz: ## every fuzz target for FUZZTIME (20s)
	@FUZZTIME=$(FUZZTIME) scripts/fuzz.sh

docs: ## write the generated documents: commands, man pages, formats, schema
	$(GO) run ./internal/docgen

picture: ## take the picture of the demo's report for README.md
	@scripts/picture.sh

web: ## build the client of the report into internal/present/html
	web/build.sh

clean: ## remove what was built
	rm -rf bin dist web/node_modules
