# The front door. `make demo` and `make test` are all that a newcomer needs; every other target serves the same work in parts.

RELEASE = -c release --static-swift-stdlib -Xlinker -s -Xlinker --gc-sections
PREFIX ?= /usr/local
SWIFTLET = .build/release/swiftlet

# Real models and data for tests and benchmarks, where they are at hand; tests that need them say so and skip.
ifneq ($(wildcard ../shared/models),)
export SWIFTLET_SHARED ?= $(abspath ../shared)
endif

.PHONY: demo demo-model build test test-unit test-kernels test-arm test-virtual-machine test-sanitizers fuzz bench format lint install setup clean

## Shows Swiftlet do its job: a simulated inspection line, the built-in detector, results in the terminal and the outbox.
demo: build
	$(SWIFTLET) demo

## Release binaries: .build/release/swiftlet and .build/release/swiftletd.
build: setup
	swift build $(RELEASE) --product swiftlet
	swift build $(RELEASE) --product swiftletd

setup:
	@Packaging/install-dependencies.sh build

## Everything that must pass before a change lands.
test: test-setup test-kernels test-arm build test-virtual-machine test-unit

test-setup:
	@Packaging/install-dependencies.sh test

## Swift tests: modules, layering, end to end with a real broker. One at a time: many block on brokers, cameras and disks, and two
## cores would starve the others.
test-unit: test-setup
	swift build --build-tests
	swift test --skip-build --no-parallel

## The C kernels against their scalar oracles, with the address and undefined-behaviour sanitizers.
test-kernels: test-setup
	Tests/Kernels/run-natively.sh

## The NEON kernels, and whole sessions in Embedded Swift, on emulated ARM.
test-arm: test-setup
	Tests/Kernels/run-on-arm.sh
	Tests/EmbeddedSession/run-on-arm.sh

## The agent on a real kernel with a real V4L2 driver (vivid), in a virtual machine.
test-virtual-machine: test-setup build
	swift build $(RELEASE) --product capture-probe
	Tests/VirtualMachine/run

## Feeds the parsers of outside bytes with libFuzzer, FUZZ_SECONDS each; findings lie in build/fuzz.
FUZZ_SECONDS ?= 60
fuzz: setup
	SWIFTLET_FUZZING=1 swift build --scratch-path build/fuzz/.build --sanitize=fuzzer -c release $(foreach f,onnx tflite package image yaml tensor,--product fuzz-$(f))
	@mkdir -p build/fuzz/corpus
	for f in onnx tflite package image yaml tensor; do \
	  mkdir -p build/fuzz/corpus/$$f; \
	  SWIFT_BACKTRACE=enable=no build/fuzz/.build/release/fuzz-$$f -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=2048 -timeout=20 -artifact_prefix=build/fuzz/$$f- \
	    build/fuzz/corpus/$$f || exit 1; \
	done

## Renews the demo's built-in package from its weights and recipe.
demo-model: build
	$(SWIFTLET) compile Calibration/surface-defects/surface-defects.onnx --recipe Calibration/surface-defects/surface-defects.yaml \
	  --calibrate recipe -o Sources/CDemoModel/surface-defects.swiftlet

## Side-by-side measurements; see Benchmarks/README.md.
bench: build
	Benchmarks/run

format:
	swift format --in-place --recursive Package.swift Sources Tests

lint:
	swift format lint --strict --recursive Package.swift Sources Tests

install: build
	install -D -m 755 $(SWIFTLET) $(DESTDIR)$(PREFIX)/bin/swiftlet
	install -D -m 755 .build/release/swiftletd $(DESTDIR)$(PREFIX)/bin/swiftletd

clean:
	rm -rf .build build
