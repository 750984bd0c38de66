#!/usr/bin/env python3
"""Swiftlet on a CUDA device beside ONNX Runtime's CUDA provider and PyTorch: latency and throughput at batch 1, 8 and 32, with what share of the device's
peak and bandwidth that is.

usage: cuda.py BUNDLE [--rounds 5] [--seconds 1.0] [--limit 900] [--write RESULTS.md]
       cuda.py BUNDLE --dry-run LIBRARY      the same against an emulated driver: proves the script and nothing else; writes nowhere

BUNDLE is a folder that Packaging/cuda/bundle made: the program with its kernels, packages and models, and bench.json. Every (engine, model, batch)
runs in a process of its own; rounds go round-robin, but PyTorch's, which follow one another in the process that has compiled the model, as that takes minutes.
What doesn't end in time (--limit) is ended, and said. Times are the median over rounds of each process's median, absolute, in milliseconds, and go from
the input in the host's memory to the outputs there, for all. ONNX Runtime runs the same model, with input and output binding and recorded graphs.
PyTorch runs the model's architecture with random weights in FP32 (without TF32) and in FP16, compiled (torch.compile) with recorded graphs, in its
order of channels last. Where one, a device or a driver is missing, the script says which, and what it can't say is left out.

The peak is what the device's matrix units do with bytes at the clock that the driver names; the bandwidth is the memory's clock, doubled, times its width. Bytes of a run are the weights, once, and inputs and outputs: what lies
between stays in caches where it can, so that a share above 100 % says that a model isn't bound by memory.
"""
import argparse
import ctypes
import json
import os
import signal
import statistics
import subprocess
import sys
import time

MARK = ("<!-- cuda -->", "<!-- end cuda -->")
PEERS = ("onnxruntime", "torch-fp32", "torch-fp16")
DRY = "DRY RUN on an emulated device: these are no measurements"

# Operations (two for a multiplication with its addition) on bytes of one multiprocessor in one clock, dense; and on floats without matrix units.
# NVIDIA's architecture papers: T4 130 TOPS of 40 × 1.59 GHz, A100 624 of 108 × 1.41, Orin 85 of 16 × 1.3, RTX 4090 661 of 128 × 2.52, H100 1979 of
# 132 × 1.83; Xavier 22 TOPS (its multiprocessors alone) of 8 × 1.37.
MATRIX_OPERATIONS = {(7, 2): 2048, (7, 5): 2048, (8, 0): 4096, (8, 6): 2048, (8, 7): 4096, (8, 9): 2048, (9, 0): 8192}
FLOAT_OPERATIONS = {(7, 2): 128, (7, 5): 128, (8, 0): 128, (8, 6): 256, (8, 7): 256, (8, 9): 256, (9, 0): 256}

ATTRIBUTES = {"multiprocessors": 16, "clock_khz": 13, "memory_clock_khz": 36, "memory_bits": 37, "major": 75, "minor": 76}


def device(library="libcuda.so.1"):
    """What the driver says of the first device; a text where there is none."""
    try:
        cuda = ctypes.CDLL(library)
    except OSError as error:
        return f"no CUDA driver: {error}"
    if (code := cuda.cuInit(0)) != 0:
        return f"the CUDA driver can't be started (error {code})"
    ordinal, count = ctypes.c_int(), ctypes.c_int()
    if cuda.cuDeviceGetCount(ctypes.byref(count)) != 0 or count.value == 0 or cuda.cuDeviceGet(ctypes.byref(ordinal), 0) != 0:
        return "the CUDA driver finds no device"
    text = ctypes.create_string_buffer(256)
    cuda.cuDeviceGetName(text, 255, ordinal)
    facts = {"name": text.value.decode(errors="replace")}
    for name, attribute in ATTRIBUTES.items():
        value = ctypes.c_int()
        facts[name] = value.value if cuda.cuDeviceGetAttribute(ctypes.byref(value), attribute, ordinal) == 0 else None
    return facts


def peak(facts, is_integer):
    """Operations a second; None where the architecture or a number of the device isn't known."""
    capability = (facts["major"], facts["minor"])
    if facts["multiprocessors"] is None or facts["clock_khz"] is None:
        return None
    if not is_integer:
        per_clock = FLOAT_OPERATIONS.get(capability)
    else:
        per_clock = MATRIX_OPERATIONS.get(capability)
    return per_clock and per_clock * facts["multiprocessors"] * facts["clock_khz"] * 1e3


def bandwidth(facts):
    """Bytes a second; None where a number of the device isn't known."""
    if facts["memory_clock_khz"] is None or facts["memory_bits"] is None:
        return None
    return 2 * facts["memory_clock_khz"] * 1e3 * facts["memory_bits"] / 8


def share(amount, milliseconds, most):
    return f"{100 * amount / (milliseconds / 1e3) / most:.1f} %" if amount and most and milliseconds else "?"


def row(case, times, facts):
    """A line of the table: `times` are medians of milliseconds by engine, None where it didn't run."""
    own, peer = times["swiftlet"], times.get("onnxruntime")
    moved = case["weight_bytes"] + case["batch"] * case["port_bytes"]
    cells = [case["name"], case["batch"]]
    for value in (own, peer):
        cells += [f"{value:.3f}", f"{case['batch'] / value * 1e3:.0f}"] if value else ["–", "–"]
    cells.append(f"{own / peer:.2f}" if own and peer else "–")
    for engine in ("torch-fp32", "torch-fp16"):
        value = times.get(engine)
        cells.append(f"{value:.3f}" if value else "–")
    operations = 2 * case["multiplications"] * case["batch"] if case["multiplications"] else None
    cells += [share(operations, own, peak(facts, case["is_integer"])), share(moved, own, bandwidth(facts))] if own else ["–", "–"]
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


HEAD = """| model | batch | Swiftlet, ms | images/s | ONNX Runtime, ms | images/s | Swiftlet ÷ ONNX Runtime | PyTorch FP32, ms | PyTorch FP16, ms | of peak | of bandwidth |
|---|---|---|---|---|---|---|---|---|---|---|"""


def table(cases, measured, facts):
    return "\n".join([HEAD] + [row(case, times, facts) for case, times in zip(cases, measured)])


def described(facts):
    clock = f"{facts['multiprocessors']} multiprocessors at {facts['clock_khz'] / 1e6:.2f} GHz" if facts["multiprocessors"] and facts["clock_khz"] else "?"
    memory = bandwidth(facts)
    return f"{facts['name']}, compute capability {facts['major']}.{facts['minor']}, {clock}, {f'{memory / 1e9:.0f} GB/s' if memory else 'bandwidth unknown'}"


def written(page, text):
    """The page with the text between the marks, at its end where it has none."""
    start, end = (page.find(mark) for mark in MARK)
    if start < 0 or end < start:
        head = f"{page.rstrip()}\n\n" if page.strip() else ""
        return f"{head}{MARK[0]}\n{text}\n{MARK[1]}\n"
    return f"{page[:start]}{MARK[0]}\n{text}\n{page[end:]}"


def finished(command, limit, environment=None):
    """A command's last line, which is JSON, and None; or None and why not. All that it started ends with it at the limit, in seconds."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True)
    try:
        output, errors = process.communicate(timeout=limit)
    except BaseException as reason:
        # A session of its own doesn't hear of Ctrl-C.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if not isinstance(reason, subprocess.TimeoutExpired):
            raise
        return None, f"it didn't end within {limit:g} s"
    if process.returncode != 0:
        return None, (errors.strip() or f"status {process.returncode}").splitlines()[-1]
    try:
        return json.loads(output.splitlines()[-1]), None
    except (IndexError, ValueError):
        return None, "it told no times"


def swiftlet(bundle, case, seconds, limit, environment):
    command = [f"{bundle}/swiftlet", "bench", f"{bundle}/{case['package']}", "--backend", "cuda", "--seconds", str(seconds), "--json"]
    command += ["--shape", case["shape"]] if case.get("shape") else []
    told, reason = finished(command, limit, environment)
    return told and [told["median_ms"]], reason


def peer(bundle, case, rounds, seconds, limit, engine):
    """Runs a peer in a process of its own: its medians, as many as rounds of PyTorch."""
    command = [sys.executable, os.path.abspath(__file__)]
    if engine == "onnxruntime":
        if not case.get("onnx"):
            return None, "the bundle has no ONNX model of it"
        command += ["--child", f"{bundle}/{case['onnx']}", str(seconds), str(case["batch"])]
    else:
        command += ["--torch", case["name"], engine.removeprefix("torch-"), str(seconds), str(case["batch"]), str(rounds)]
    told, reason = finished(command, limit)
    return told and told["medians_ms"], reason


def timed(step, seconds, rounds=1):
    """Runs a step ten times to warm up, then for so long, as often as there are rounds; prints each one's median."""
    medians = []
    for _ in range(10):
        step()
    for _ in range(rounds):
        times, end = [], time.perf_counter() + seconds
        while time.perf_counter() < end or len(times) < 3:
            begin = time.perf_counter()
            step()
            times.append(time.perf_counter() - begin)
        medians.append(statistics.median(times) * 1e3)
    print(json.dumps({"medians_ms": medians}))


def torch_child(name, precision, seconds, batch, rounds):
    """One model's architecture in PyTorch on the device, from the host's memory and back."""
    try:
        import torch
    except ImportError as error:
        sys.exit(f"PyTorch isn't installed ({error}): pip install torch")
    if not torch.cuda.is_available():
        sys.exit("this PyTorch can't use CUDA: " + ("it finds no device or driver" if torch.version.cuda else "it was built without"))
    import cuda_networks
    if (found := cuda_networks.network(name)) is None:
        sys.exit(f"there is no PyTorch network of {name}")
    build, side = found
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    model = build(torch.nn).eval().cuda().to(memory_format=torch.channels_last)
    # Both take floats and give floats: a half-precision model's own conversions are part of its run.
    if precision == "fp16":
        half = model.half()
        run = lambda x: half(x.half()).float()
    else:
        run = model
    run = torch.compile(run, mode="reduce-overhead")
    host = torch.rand(batch, 3, side, side).contiguous(memory_format=torch.channels_last).pin_memory()
    given = host.cuda()
    with torch.inference_mode():
        # Pinned on both ways: pageable memory would cost a copy more.
        output = torch.empty_like(run(given), device="cpu").pin_memory()
        def step():
            given.copy_(host, non_blocking=True)
            output.copy_(run(given), non_blocking=True)
            torch.cuda.synchronize()
        timed(step, seconds, rounds)


def child(path, seconds, batch):
    """One model in ONNX Runtime on the device, from the host's memory and back."""
    try:
        import numpy
        import onnxruntime
    except ImportError as error:
        sys.exit(f"ONNX Runtime isn't installed ({error}): pip install onnxruntime-gpu numpy")
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        sys.exit("this ONNX Runtime has no CUDA provider: pip install onnxruntime-gpu")
    session = onnxruntime.InferenceSession(path, providers=[("CUDAExecutionProvider", {"enable_cuda_graph": "1"})])
    if session.get_providers()[0] != "CUDAExecutionProvider":
        sys.exit("ONNX Runtime went over to the processor: its CUDA libraries don't load")
    first = session.get_inputs()[0]
    random = numpy.random.default_rng(0)
    shape = [batch] + list(first.shape[1:])
    x = random.integers(-100, 100, shape).astype(numpy.int8) if "int8" in first.type else random.random(shape).astype(numpy.float32)
    # Recorded graphs want the same addresses each time: inputs and outputs stay on the device, and are copied there and back around the run.
    given = onnxruntime.OrtValue.ortvalue_from_numpy(x, "cuda", 0)
    binding = session.io_binding()
    binding.bind_ortvalue_input(first.name, given)
    for output in session.get_outputs():
        binding.bind_output(output.name, "cuda", 0)
    def step():
        given.update_inplace(x)
        session.run_with_iobinding(binding)
        binding.copy_outputs_to_cpu()
    timed(step, seconds)


def measure(bundle, cases, rounds, seconds, limit, environment, with_peers):
    """For each case the median of each engine, and what kept one from running, each once."""
    engines = ("swiftlet", *(PEERS if with_peers else ()))
    found = [{engine: [] for engine in engines} for _ in cases]
    obstacles = {}
    for _ in range(rounds):
        for case, times in zip(cases, found):
            for engine in engines:
                if (engine, case["name"], case["batch"]) in obstacles or len(times[engine]) >= rounds:
                    continue
                if engine == "swiftlet":
                    values, reason = swiftlet(bundle, case, seconds, limit, environment)
                else:
                    values, reason = peer(bundle, case, rounds, seconds, limit, engine)
                if reason:
                    obstacles[engine, case["name"], case["batch"]] = reason
                else:
                    times[engine] += values
    return [{engine: statistics.median(values) if values else None for engine, values in times.items()} for times in found], obstacles


def main():
    if sys.argv[1:2] == ["--child"]:
        return child(sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))
    if sys.argv[1:2] == ["--torch"]:
        return torch_child(sys.argv[2], sys.argv[3], float(sys.argv[4]), int(sys.argv[5]), int(sys.argv[6]))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--limit", type=float, default=900.0, help="seconds that one process may take, PyTorch's compiling included")
    parser.add_argument("--write")
    parser.add_argument("--dry-run", metavar="LIBRARY")
    arguments = parser.parse_args()
    if arguments.dry_run and arguments.write:
        parser.error("a dry run is written nowhere")
    if arguments.write:
        # Before anything takes its time. A page that isn't there yet is an empty one.
        try:
            with open(arguments.write, "a", encoding="utf-8"):
                pass
        except OSError as error:
            sys.exit(f"nothing was measured: {arguments.write} can't be written: {error.strerror}")
    facts = device(arguments.dry_run or "libcuda.so.1")
    if isinstance(facts, str):
        sys.exit(f"nothing was measured: {facts}")
    with open(f"{arguments.bundle}/bench.json") as file:
        cases = json.load(file)
    environment = dict(os.environ)
    folders = [f"{arguments.bundle}/lib"] + ([os.path.dirname(os.path.abspath(arguments.dry_run))] if arguments.dry_run else [])
    environment["LD_LIBRARY_PATH"] = ":".join(folders + [environment.get("LD_LIBRARY_PATH", "")]).rstrip(":")
    measured, obstacles = measure(arguments.bundle, cases, arguments.rounds, arguments.seconds, arguments.limit, environment, not arguments.dry_run)
    text = f"{described(facts)}; {arguments.rounds} rounds of {arguments.seconds:g} s.\n\n{table(cases, measured, facts)}"
    print(f"{DRY}\n\n{text}" if arguments.dry_run else text)
    for reason in sorted(set(obstacles.values())):
        which = sorted({f"{engine}: {name} × {batch}" for (engine, name, batch), why in obstacles.items() if why == reason})
        print(f"\nmissing ({', '.join(which)}): {reason}")
    if not any(times["swiftlet"] for times in measured):
        sys.exit("nothing was measured")
    if arguments.write:
        with open(arguments.write, encoding="utf-8") as file:
            page = file.read()
        with open(arguments.write, "w", encoding="utf-8") as file:
            file.write(written(page, text))


if __name__ == "__main__":
    main()
