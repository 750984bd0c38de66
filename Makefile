# The front door. `make demo` and `make test` are all that a newcomer needs; every other target serves the same work in parts.

# Functions that run are laid out side by side (Packaging/link/order), nothing is exported, and the C++ library that Swift's own needs is
# part of the program where there is an archive of it: a process touches a fifth less memory. Relative relocations are packed where this
# machine's glibc reads such (2.36 on, Debian 12; Ubuntu 22.04 has 2.35): each process read 1.5 MB of them. Libraries are opened when one of their
# functions is called (Packaging/link/delayed.c): the loader would relocate all of them before a program begins; a number that follows what is
# delayed has programs linked anew where that changes.
PACKED := $(shell printf '2.36\n%s\n' "$$(getconf GNU_LIBC_VERSION | cut -d' ' -f2)" | sort -VC && echo '-Xlinker -z -Xlinker pack-relative-relocs')
LINKED = -c release --static-swift-stdlib -Xswiftc -use-ld=lld -Xswiftc -Xfrontend -Xswiftc -function-sections -Xcc -ffunction-sections \
  -Xswiftc -Lbuild/link -Xlinker --gc-sections -Xlinker --version-script=Packaging/link/no-exports.map \
  -Xlinker --symbol-ordering-file=Packaging/link/order -Xlinker --no-warn-symbol-ordering -Xlinker build/link/delayed.o \
  -Xlinker --defsym=swl_delayed_version=$(shell cat Packaging/link/delay* | cksum | cut -d' ' -f1) $(PACKED)
RELEASE = $(LINKED) -Xlinker -s
# The compiler finds build/link/ld.lld there, which asks for no library that isn't called by its own name any more.
BUILD_LINKED = COMPILER_PATH=$(CURDIR)/build/link swift build
PREFIX ?= /usr/local
SWIFTLET = .build/release/swiftlet

# Makes bundles of test cases for emulated ARM and for the fuzzers; empty where it is built already (builds wait for each other).
BUILD_WRITER = swift build --product case-bundle-writer
# Likewise: what drives a gate's controller.
BUILD_TRIAL = swift build --product gate-trial

# Real models and data for tests and benchmarks, where they are at hand; tests that need them say so and skip.
ifneq ($(wildcard ../shared/models),)
export SWIFTLET_SHARED ?= $(abspath ../shared)
endif

.PHONY: demo demo-model build gate-simulator deb test test-deb test-service test-beside-release test-release test-speech test-moonshine test-whisper test-speech-int8 test-page screenshots cuda cuda-check link-setup link-order test-cuda test-cuda-emulated cuda-bundle bench-cuda test-bench-cuda test-soak test-setup test-unit run-unit fuzz-briefly-aside chaos-and-machine-aside test-messaging-sanitized chaos chaos-long chaos-daemon test-linking test-kernels test-arm test-firmware test-gate-noise test-tuf test-virtual-machine test-virtual-machine-package soak test-sanitizers power-cuts test-rollout fuzz fuzz-briefly fuzz-build fuzz-corpus bench bench-peers bench-speech format lint install setup clean

## Shows Swiftlet do its job: a simulated inspection line, the built-in detector, results in the terminal and the outbox.
demo: build
	$(SWIFTLET) demo

## Release binaries: .build/release/swiftlet and .build/release/swiftletd; and tuf-client, which the conformance suite of The Update
## Framework calls and nobody installs.
build: setup cuda-check link-setup
	$(BUILD_LINKED) $(RELEASE) --product swiftlet
	$(BUILD_LINKED) $(RELEASE) --product swiftletd
	$(BUILD_LINKED) $(RELEASE) --product tuf-client

## A gate's controller without hardware, to try the agent with: docs/gate.md. PARTS=500 moves a part past its sensor so often, in milliseconds.
PARTS ?= 500
gate-simulator: setup link-setup
	$(BUILD_LINKED) $(RELEASE) --product gate-simulator
	.build/release/gate-simulator --parts $(PARTS)

## The Debian package of this machine's architecture: build/swiftlet_VERSION_ARCHITECTURE.deb. docs/installing.md says what is in it.
deb: build
	@Packaging/install-dependencies.sh deb
	Packaging/debian/build

setup:
	@Packaging/install-dependencies.sh build

link-setup:
	@mkdir -p build/link
	@archive=$$(cc -print-file-name=libstdc++.a); if [ -f "$$archive" ]; then ln -sf "$$archive" build/link/libstdc++.a; fi
	@Packaging/link/delay Packaging/link/delayed-functions build/link

## Records anew which functions run, for the linker to lay side by side: after larger changes. Ten minutes; needs qemu-x86_64.
link-order: setup link-setup
	$(BUILD_LINKED) $(LINKED) --product swiftlet
	$(BUILD_LINKED) $(LINKED) --product swiftletd
	Packaging/link/record .build/release/swiftlet .build/release/swiftletd

# After so long half of the tests counts as hanging; more for a slow machine.
export TEST_SECONDS ?= 2100
# Beside others, when all that they need is built.
ASIDE = $(MAKE) BUILD_WRITER= BUILD_TRIAL=

## Everything that must pass before a change lands: first what everything needs, then two or three lanes at a time.
test: test-setup
	swift build --build-tests
	Tests/within $(TEST_SECONDS) $(ASIDE) test-beside-release + $(ASIDE) test-release
	Tests/within $(TEST_SECONDS) $(ASIDE) run-unit + $(ASIDE) fuzz-briefly-aside + $(ASIDE) chaos-and-machine-aside

# In builds of their own.
test-beside-release:
	$(MAKE) test-linking
	$(MAKE) test-kernels
	$(MAKE) test-arm
	$(MAKE) test-firmware
	$(MAKE) test-messaging-sanitized MESSAGING_SANITIZERS=thread
	$(MAKE) test-bench-cuda
	$(MAKE) test-soak

test-release:
	$(MAKE) build
	Tests/Linking/check-programs .build/release/swiftlet .build/release/swiftletd
	$(BUILD_LINKED) $(RELEASE) --product chaos-agent
	$(BUILD_LINKED) $(RELEASE) --product capture-probe
	$(MAKE) test-speech
	$(MAKE) test-tuf

## Real speech through the release binary: the texts that ONNX Runtime gives.
test-speech:
	Tests/Conformance/speech.sh $(SWIFTLET)

## Moonshine of the published sizes with random weights, beside transformers: encoder, scores and greedy tokens, up to half a minute of sound.
## Installs PyTorch in build/moonshine-python and takes minutes, so it is no part of `make test`, whose unit tests compare the smallest
## model with stored values. MOONSHINE_SIZE=base for the larger one.
MOONSHINE_SIZE ?= tiny
test-moonshine: build
	@Packaging/install-dependencies.sh moonshine
	@if build/moonshine-python/bin/python -c 'import torch, transformers' 2>/dev/null; then \
	  PYTHONDONTWRITEBYTECODE=1 build/moonshine-python/bin/python Tests/Conformance/Moonshine/compare.py $(SWIFTLET) --size $(MOONSHINE_SIZE) && \
	  PYTHONDONTWRITEBYTECODE=1 build/moonshine-python/bin/python Tests/Conformance/Moonshine/compare.py $(SWIFTLET) --size $(MOONSHINE_SIZE) --weights int8 --seconds 1 5 10; \
	else echo "test-moonshine: SKIPPED, for the reference implementation can't be installed" >&2; fi

## Whisper of the published sizes with random weights, beside transformers, padded to half a minute and following the sound. Minutes, in Moonshine's
## environment. WHISPER_SIZE=base for the larger one.
WHISPER_SIZE ?= tiny
test-whisper: build
	@Packaging/install-dependencies.sh moonshine
	@if build/moonshine-python/bin/python -c 'import torch, transformers' 2>/dev/null; then \
	  PYTHONDONTWRITEBYTECODE=1 build/moonshine-python/bin/python Tests/Conformance/Whisper/compare.py $(SWIFTLET) --size $(WHISPER_SIZE) && \
	  PYTHONDONTWRITEBYTECODE=1 build/moonshine-python/bin/python Tests/Conformance/Whisper/compare.py $(SWIFTLET) --size $(WHISPER_SIZE) --shortest 1 --seconds 1 5 && \
	  PYTHONDONTWRITEBYTECODE=1 build/moonshine-python/bin/python Tests/Conformance/Whisper/compare.py $(SWIFTLET) --size $(WHISPER_SIZE) --weights int8 --seconds 1 10; \
	else echo "test-whisper: SKIPPED, for the reference implementation can't be installed" >&2; fi

## What 8 bits cost QuartzNet in word errors on clips that it was not calibrated with, and on synthesised voices where there is flite; minutes, and so on demand.
## METHOD=percentile chooses ranges otherwise.
test-speech-int8:
	Tests/Conformance/speech-int8.sh $(SWIFTLET)
	Tests/Conformance/speech-int8-voices.sh $(SWIFTLET)

## Compiles the CUDA kernels for every supported device, without one; the next build takes them in. See docs/cuda.md.
cuda:
	Packaging/cuda/build

## A folder that proves (its `check`) and measures (its cuda.py) the CUDA backend on a machine that has a device and nothing else; see docs/cuda.md.
## Wants the Python package onnx for batches of 8 and 32. PYTHON=build/…/bin/python for one that has it.
BUNDLE ?= build/cuda-bundle
PYTHON ?= python3
cuda-bundle:
	$(MAKE) cuda
	$(MAKE) build
	$(PYTHON) Packaging/cuda/bundle.py $(SWIFTLET) $(BUNDLE)

## The CUDA backend beside ONNX Runtime and PyTorch on this machine's device, at batch 1, 8 and 32, into Benchmarks/RESULTS.md. From BUNDLE, which is made where
## it isn't there. PYTHON with numpy and onnxruntime-gpu, and with torch, for the comparison.
bench-cuda:
	@[ -e $(BUNDLE)/bench.json ] || $(MAKE) cuda-bundle
	$(PYTHON) $(BUNDLE)/cuda.py $(BUNDLE) --write Benchmarks/RESULTS.md

## What of that needs no device; seconds.
test-bench-cuda:
	@Tests/CUDAEmulation/build
	PYTHONDONTWRITEBYTECODE=1 python3 Tests/CUDAEmulation/bench_test.py build/cuda/libfake-cuda.so

## The CUDA backend end to end on a device that this machine's processor emulates, with larger models than the unit tests': MobileNetV2, float
## models, QuartzNet, Silero, the smallest Moonshine, and four detectors through the program itself; three minutes beside the builds.
test-cuda-emulated: cuda
	swift build --build-tests
	SWIFTLET_CUDA_MODELS=1 swift test --skip-build --no-parallel --filter CUDAExecutionTests
	Tests/CUDAEmulation/compare-detectors.sh .build/debug/swiftlet emulated
	$(MAKE) test-bench-cuda

## The same on this machine's own CUDA device; what needs a driver that fails at will is left out.
test-cuda: cuda
	swift build --build-tests
	SWIFTLET_CUDA_DEVICE=1 SWIFTLET_CUDA_MODELS=1 swift test --skip-build --no-parallel --filter CUDAExecutionTests
	Tests/CUDAEmulation/compare-detectors.sh .build/debug/swiftlet

# An image of other sources would compute something else.
cuda-check:
	@image=Sources/CCUDAKernels/kernels/image.bin; if [ -e $$image ]; then Packaging/cuda/compile.py --check $$image; \
	else echo "without CUDA kernels: run 'make cuda' first for a program that has them"; fi

# The unit tests wait on brokers and clocks: they come first.
fuzz-briefly-aside:
	nice -n 19 $(MAKE) fuzz-briefly

# By then all that they run is built, and the unit tests hold the lock on what builds.
chaos-and-machine-aside:
	nice -n 19 $(CHAOS) --faults 42 --rate 200
	nice -n 10 Tests/VirtualMachine/run

test-setup:
	@Packaging/install-dependencies.sh test

## Swift tests: modules, layering, end to end with a real broker. One at a time: many block on brokers, cameras and disks, and two
## cores would starve the others.
test-unit: test-setup
	swift build --build-tests
	$(MAKE) run-unit

run-unit:
	Tests/run-unit.sh

## Libraries that are opened when one of their functions is called: here, and on emulated ARM.
test-linking:
	Tests/Linking/run

## The C kernels against their scalar oracles, with the address and undefined-behaviour sanitizers.
test-kernels: test-setup
	Tests/Kernels/run-natively.sh

## The NEON kernels, and in Embedded Swift the golden cases and whole models, on emulated ARM.
test-arm: test-setup
	Tests/Kernels/run-on-arm.sh
	Tests/Kernels/run-preparation-on-arm.sh
	$(BUILD_WRITER)
	Tests/EmbeddedSession/run-on-arm.sh .build/debug/case-bundle-writer

## The gate controller's firmware: built for a Cortex-M4, its sizes, and in QEMU on two pseudo-terminals driven by the agent's client; 20 s.
test-firmware: test-setup
	Firmware/build
	$(BUILD_TRIAL)
	Tests/Firmware/run-in-qemu.sh .build/debug/gate-trial

## A million damaged frames for the gate's controller, none of which may move it; a minute. The unit tests take twenty thousand.
test-gate-noise:
	SWIFTLET_GATE_ONLY=1 swift build --build-tests --scratch-path build/gate
	SWIFTLET_GATE_ONLY=1 SWIFTLET_GATE_NOISE=1000000 swift test --skip-build --no-parallel --scratch-path build/gate --filter NoiseTests

## The page and `camera show --page` in Chromium: what is shown, on a desktop and on a phone, and nothing from elsewhere; and the metrics by
## Prometheus' own reader. Installs a browser and takes most of a minute, so it is no part of `make test`.
test-page: build
	@Packaging/install-dependencies.sh page
	/usr/bin/python3 Tests/Page/look.py check $(SWIFTLET)

## The pictures of docs/images, of both pages as they are now. Installs a browser.
screenshots: build
	@Packaging/install-dependencies.sh page
	/usr/bin/python3 Tests/Page/look.py pictures $(SWIFTLET) docs/images

## The client of model updates against The Update Framework's specification, section by section; repositories by the reference
## implementation, tuf-client as a process, clocks by faketime. Another client: TUF_CLIENT=PROGRAM.
test-tuf: test-setup
	@if [ -d build/tuf-python ]; then \
	  PYTHONDONTWRITEBYTECODE=1 build/tuf-python/bin/python -m pytest -q --no-header -p no:cacheprovider Tests/Conformance/TUF; \
	else echo "test-tuf: SKIPPED, for the reference implementation can't be installed" >&2; fi

## Cameras, microphones and the agent on a real kernel with real drivers (vivid, snd-aloop), in a virtual machine.
test-virtual-machine: test-setup build
	$(BUILD_LINKED) $(RELEASE) --product capture-probe
	Tests/VirtualMachine/run

## The Debian package installed, upgraded, downgraded, removed and purged, on a system with systemd in a container. Needs root and a
## minute, which `make test` has no room for.
test-deb: build
	@Packaging/install-dependencies.sh test-deb
	Tests/Packaging/deb.py "$$(PACKAGE_COMPRESSION=none Packaging/debian/build .build/release build/test-deb)"

## Its service there, with a broker: reloads, a frozen process and a frozen thread, kills, a full disk, an orderly end. Needs root; most of a
## minute.
test-service: build
	@Packaging/install-dependencies.sh test-deb
	Tests/Packaging/service.py "$$(PACKAGE_COMPRESSION=none Packaging/debian/build .build/release build/test-deb)"

## The package on a device of its own: a virtual machine with systemd, a camera (vivid) and disks, its broker on this machine. Installed, its camera
## replaced, frozen, killed, cut off, its power cut twice, its disk filled; every message counted. Needs root and a Debian mirror; with an
## emulated processor six minutes, two more the first time.
test-virtual-machine-package: build
	@Packaging/install-dependencies.sh test-virtual-machine-package
	$(BUILD_LINKED) $(RELEASE) --product capture-probe
	Tests/VirtualMachine/package.py "$$(PACKAGE_COMPRESSION=none Packaging/debian/build .build/release build/test-deb)" .build/release/capture-probe

## Whether what judges the daemon's hour (see soak) tells a rise from a slope, and one rise from two; a second.
test-soak:
	PYTHONDONTWRITEBYTECODE=1 python3 Tests/Benchmarks/soak_test.py

## The daemon for an hour with four cameras, two models and a broker: its memory must not grow, nothing may be lost; the result goes into
## Benchmarks/RESULTS.md. SOAK_MINUTES for another time; of less than 45 nothing is written, and one of a few minutes can't tell memory's slope and fails.
SOAK_MINUTES ?= 60
soak: build
	Benchmarks/soak.py --minutes $(SOAK_MINUTES) $$([ $(SOAK_MINUTES) -lt 45 ] || echo --write Benchmarks/RESULTS.md)

## The engine's Swift suites with the address sanitizer, the thread team's with the thread sanitizer, the kernels with both and
## the undefined-behaviour sanitizer.
SANITIZED = TensorsTests|ModelFormatTests|ModelGraphTests|ModelManifestTests|ONNXTests|OperatorsTests|CPUExecutionTests|ModelCompilerTests|PropertiesTests
test-sanitizers: test-kernels
	SANITIZERS=thread Tests/Kernels/run-natively.sh 20
	swift build --build-tests --sanitize=address --scratch-path build/address
	ASAN_OPTIONS=detect_leaks=0 swift test --skip-build --no-parallel --sanitize=address --scratch-path build/address --filter '$(SANITIZED)'
	swift build --build-tests --sanitize=thread --scratch-path build/thread
	swift test --skip-build --no-parallel --sanitize=thread --scratch-path build/thread --filter CPUExecutionTests

## The transport's and the outbox's tests with the thread and the address sanitizer (`make test` has time for the first), in builds of what they need
## alone; the power cuts, one thread's, take too long there.
MESSAGING_SANITIZERS ?= thread address
test-messaging-sanitized: test-setup
	for s in $(MESSAGING_SANITIZERS); do \
	  SWIFTLET_MESSAGING_ONLY=1 swift build --build-tests --sanitize=$$s --scratch-path build/messaging-$$s || exit 1; \
	  SWIFTLET_MESSAGING_ONLY=1 ASAN_OPTIONS=detect_leaks=0 swift test --skip-build --no-parallel --sanitize=$$s \
	    --scratch-path build/messaging-$$s --filter 'MQTTTransportTests|OutboxTests' --skip PowerCutTests || exit 1; \
	done

## Torments broker, network, disk and agent at random while events are accepted; the ledger at the broker's acknowledgement must be
## clean. `chaos-long` is the run that Benchmarks/RESULTS.md records, about twenty minutes.
CHAOS_SEED ?= 1
CHAOS = env PYTHONDONTWRITEBYTECODE=1 Tests/Chaos/chaos.py --agent .build/release/chaos-agent
chaos: test-setup link-setup
	$(BUILD_LINKED) $(RELEASE) --product chaos-agent
	$(CHAOS) --faults 500 --seconds 1000 --rate 200 --seed $(CHAOS_SEED)

chaos-long: test-setup link-setup
	$(BUILD_LINKED) $(RELEASE) --product chaos-agent
	$(CHAOS) --faults 1050 --rate 200 --seed $(CHAOS_SEED)

## The same with swiftletd itself, a simulated camera and the demo's model; about eight minutes.
chaos-daemon: test-setup link-setup
	$(BUILD_LINKED) $(RELEASE) --product swiftletd
	env PYTHONDONTWRITEBYTECODE=1 Tests/Chaos/chaos.py --daemon .build/release/swiftletd --faults 150 --rate 40 --pace 1 --seed $(CHAOS_SEED)

## Cuts the power of the outbox and of the package store at every change of the disk, with POWER_CUTS random states of it for each; the unit
## tests do it with one and with three.
POWER_CUTS ?= 20
power-cuts: test-setup
	swift build --build-tests
	SWIFTLET_POWER_CUTS=$(POWER_CUTS) swift test --skip-build --no-parallel --filter 'OutboxTests.PowerCut|UpdatesTests.PowerCut'

## A staged rollout over eight daemons, each kind of bad release twice; docs/updates.md records what `watch` showed. The unit tests do it with
## six daemons and once.
test-rollout: test-setup
	swift build --build-tests
	SWIFTLET_ROLLOUT=1 swift test --skip-build --no-parallel --filter EndToEndTests.RolloutTests

## Feeds the readers of outside bytes, and programs that validation accepts, with libFuzzer and the address sanitizer,
## FUZZ_SECONDS each, as many at once as there are cores. What is found lies in build/fuzz; what was found and mended, and a corpus
## that reaches most of the code, stays in Tests/Fuzzing/Corpus (`make fuzz-corpus` renews it).
FUZZERS ?= onnx tflite package program image yaml tensor sparkplug metadata json blocks safetensors gate rules
FUZZ_SECONDS ?= 60
fuzz: fuzz-build
	echo $(FUZZERS) | tr ' ' '\n' | xargs -P "$$(nproc)" -I {} Tests/Fuzzing/run {} $(FUZZ_SECONDS)

## The part of it that every change passes: the models' readers, the package's, and the verifier, from one seed, so that a change is
## judged by the same inputs as the one before it; `make fuzz` goes another way each time.
BRIEF_FUZZERS = onnx tflite package program
fuzz-briefly:
	FUZZ_SEED=1 $(MAKE) fuzz FUZZERS="$(BRIEF_FUZZERS)" FUZZ_SECONDS=30

# Of two --sanitize options the compiler hears the last alone: both in one flag, or the fuzzers would grope about blind.
fuzz-build: setup
	for f in $(FUZZERS); do \
	  SWIFTLET_FUZZING=1 swift build --scratch-path build/fuzz/.build --sanitize=fuzzer --sanitize=address -Xswiftc -sanitize=fuzzer,address -c release --product fuzz-$$f || exit 1; \
	done
	$(BUILD_WRITER)
	@mkdir -p build/fuzz/seeds build/fuzz/packages
	.build/debug/case-bundle-writer --seeds build/fuzz/seeds
	.build/debug/case-bundle-writer --packages build/fuzz/packages

## Keeps of all that the fuzzers have collected on this machine the least that reaches the same code.
fuzz-corpus: fuzz-build
	for f in $(FUZZERS); do Tests/Fuzzing/run $$f merge || exit 1; done

## Renews the demo's built-in package from its weights and recipe.
demo-model: build
	$(SWIFTLET) compile Calibration/surface-defects/surface-defects.onnx --recipe Calibration/surface-defects/surface-defects.yaml \
	  --calibrate recipe -o Sources/CDemoModel/surface-defects.swiftlet

## Side-by-side measurements; see Benchmarks/README.md.
bench: build
	Benchmarks/run

## Swiftlet beside the fastest engines on networks of published architectures; the table goes into Benchmarks/RESULTS.md. The peers
## are installed in build/peers.
bench-peers: build
	[ -x build/peers/bin/python ] || python3 -m venv build/peers
	build/peers/bin/pip install -q -r Benchmarks/requirements-peers.txt
	build/peers/bin/python Benchmarks/engines.py --write Benchmarks/RESULTS.md

## Swiftlet beside PyTorch and ONNX Runtime on a stepwise speech model; the table goes into Benchmarks/RESULTS.md. The peers are installed in
## build/speech-peers. Some minutes on a quiet machine.
bench-speech: build
	[ -x build/speech-peers/bin/python ] || python3 -m venv build/speech-peers
	build/speech-peers/bin/pip install -q -r Benchmarks/requirements-speech.txt
	build/speech-peers/bin/python Benchmarks/speech.py --write Benchmarks/RESULTS.md

format:
	swift format --in-place --recursive Package.swift Sources Tests Firmware/Package.swift Firmware/Sources

lint:
	swift format lint --strict --recursive Package.swift Sources Tests Firmware/Package.swift Firmware/Sources

install: build
	install -D -m 755 $(SWIFTLET) $(DESTDIR)$(PREFIX)/bin/swiftlet
	install -D -m 755 .build/release/swiftletd $(DESTDIR)$(PREFIX)/bin/swiftletd

clean:
	rm -rf .build build Firmware/.build Sources/CCUDAKernels/kernels/image.*
