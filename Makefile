# make build   the programs, into bin/
# make demo    the whole way against a stand-in for AWS; needs only Go
# make test    all tests that need only Go
# make check   formatting, vet, staticcheck, tidiness, the plan of the house
# make test-race, test-peers, bench, bench-pace, fuzz: see CONTRIBUTING.md

GO          ?= go
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.1
FUZZTIME    ?= 30s

.PHONY: build demo test test-race test-peers check bench bench-pace fuzz clean

build:
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/ ./cmd/...

demo: build
	./bin/sandbox demo

test:
	$(GO) test ./...

test-race:
	$(GO) test -race ./...

check:
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo 'gofmt would change:'; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	$(GO) mod tidy -diff
	$(GO) fix -diff ./...
	$(GO) test ./internal/house

test-peers:
	./test/peers/run

bench:
	./test/bench/run

bench-pace:
	$(GO) run ./internal/pace/benchpace

fuzz:
	$(GO) test -run '^$$' -fuzz '^FuzzScan$$' -fuzztime $(FUZZTIME) ./internal/intake
	$(GO) test -run '^$$' -fuzz '^FuzzDecode$$' -fuzztime $(FUZZTIME) ./internal/queue

clean:
	rm -rf bin .cache
