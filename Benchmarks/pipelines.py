#!/usr/bin/env python3
"""What sharing brings: pipelines in turns, a cascade and an unchanged scene, each beside the same box without it.

usage: pipelines.py [--swiftlet BINARY] [--without BINARY] [--batch] [--frames 200] [--shared FOLDER]

Every configuration runs alone with `swiftlet run`; latencies are those in its messages, processor time is the process's own. `--without` names a
program that doesn't take turns, where one is at hand. `--batch` measures four cameras whose frames run through one model together beside the same
without, and nothing else (for it: pip install -r Benchmarks/requirements.txt). needs: make build; YOLOX-nano and the photographs of the shared data
"""
import argparse
import json
import os
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def run(swiftlet, folder, name, cameras, pipelines, frames):
    """One agent until every pipeline has had its frames: (wall s, processor s, {pipeline: [message]})."""
    storage = f"{folder}/{name}"
    lines = ["device: {id: d, site: s}", f"storage: {{path: {storage}, outbox: 256 MB}}", "cameras:"]
    lines += [f"  {camera}: {settings}" for camera, settings in cameras.items()]
    lines += ["pipelines:"] + [f"  {pipeline}: {settings}" for pipeline, settings in pipelines.items()]
    path = f"{folder}/{name}.yaml"
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run([swiftlet, "run", "--config", path], capture_output=True, text=True, timeout=900)
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{name}: {(done.stderr.strip().splitlines() or ['failed'])[-1]}")
    messages = {}
    with sqlite3.connect(f"{storage}/outbox.sqlite") as database:
        for topic, payload in database.execute("SELECT name, payload FROM messages JOIN topics ON topics.id = topic ORDER BY messages.id"):
            messages.setdefault(topic.split("/")[-2], []).append(json.loads(payload))
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, messages


def row(title, wall, processor, messages):
    total = [message["latency_ms"]["total"] for each in messages.values() for message in each]
    model = [message["latency_ms"]["inference"] for each in messages.values() for message in each if not message.get("reused")]
    count = max(len(each) for each in messages.values())
    cut = statistics.quantiles(total, n=100)
    print(f"| {title} | {count / wall:.0f} | {1000 * processor / count:.1f} | {statistics.median(model):.1f} | {cut[49]:.1f} | {cut[98]:.1f} |", flush=True)


def batches(arguments, folder, model):
    """Four cameras' frames alone and together, by packages that leave open how many a run takes."""
    import onnx

    opened = onnx.load(model)
    for value in list(opened.graph.input) + list(opened.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "N"
    del opened.graph.value_info[:]
    onnx.save(opened, f"{folder}/opened.onnx")
    lines = {f"line{i}": "{source: simulated:conveyor, size: 640x480, frame_rate: 60}" for i in range(4)}
    print("| four cameras | frames a second | processor ms a frame | model ms of a run, median | capture to result ms, median | p99 |\n|---|---|---|---|---|---|")
    small = f"{arguments.shared}/models/resnet8_cifar_fp32.onnx"
    for name, path, recipe, shape in [("yolox_nano_416", f"{folder}/opened.onnx", "yolox_nano_416", "images=1..4x3x416x416"),
                                      ("resnet8_cifar", small, "resnet8_cifar_fp32", "input_1=1..4x32x32x3")]:
        package = f"{folder}/{name}.swiftlet"
        made = subprocess.run(
            [arguments.swiftlet, "compile", path, "--recipe", f"{ROOT}/Calibration/recipes/{recipe}.yaml", "--calibrate",
             f"{arguments.shared}/data/coco/images", "--shape", shape, "-o", package], capture_output=True, text=True)
        if made.returncode != 0:
            print(f"| {name}: {(made.stderr.strip() or 'not compiled').splitlines()[-1]} | | | | | |")
            continue
        for most in (1, 2, 4):
            setting = f", batch: {{most: {most}, wait: 4 ms}}" if most > 1 else ""
            each = f"model: {package}, detections: all, threads: 2, frames: {arguments.frames}{setting}"
            four = {f"p{i}": f"{{camera: line{i}, {each}}}" for i in range(4)}
            title = f"{name}, " + (f"at most {most} a run" if most > 1 else "each alone")
            row(title, *run(arguments.swiftlet, folder, f"{name}{most}", lines, four, arguments.frames))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--swiftlet", default=f"{ROOT}/.build/release/swiftlet")
    parser.add_argument("--without")
    parser.add_argument("--batch", action="store_true")
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--shared", default=os.environ.get("SWIFTLET_SHARED", f"{ROOT}/../shared"))
    arguments = parser.parse_args()
    model = f"{arguments.shared}/models/yolox_nano_416.onnx"
    if not os.path.exists(model):
        sys.exit(f"{model} is not at hand: give --shared FOLDER")
    with tempfile.TemporaryDirectory() as folder:
        package = f"{folder}/yolox.swiftlet"
        subprocess.run(
            [arguments.swiftlet, "compile", model, "--recipe", f"{ROOT}/Calibration/recipes/yolox_nano_416.yaml", "--calibrate",
             f"{arguments.shared}/data/coco/images", "-o", package], check=True, stdout=subprocess.DEVNULL)
        if arguments.batch:
            return batches(arguments, folder, model)
        still = f"{folder}/still"
        os.mkdir(still)
        # Uncompressed, as JPEG frames are never compared.
        with open(f"{still}/one.ppm", "wb") as file:
            file.write(b"P6 1280 720 255\n" + bytes((x // 8 + y // 6 + 40 * c) % 256 for y in range(720) for x in range(1280) for c in range(3)))
        line = {"line": "{source: simulated:conveyor, size: 1280x720, frame_rate: 15}"}
        lines = {f"line{i}": "{source: simulated:conveyor, size: 640x480, frame_rate: 60}" for i in range(4)}
        photographs = {"folder": f"{{source: \"folder:{arguments.shared}/data/coco/images\", frame_rate: 30}}"}
        demo = f"{ROOT}/Sources/CDemoModel/surface-defects.swiftlet"
        each = f"model: {package}, detections: all, threads: 2, frames: {arguments.frames}"
        print("| | frames a second | processor ms a frame | model ms, median | capture to result ms, median | p99 |\n|---|---|---|---|---|---|")
        four = {f"p{i}": f"{{camera: line{i}, {each}}}" for i in range(4)}
        if arguments.without:
            row("four cameras, two threads each, without turns", *run(arguments.without, folder, "wild", lines, four, arguments.frames))
        row("four cameras, two threads each, in turns", *run(arguments.swiftlet, folder, "turns", lines, four, arguments.frames))
        both = {"cheap": f"{{camera: line, model: {demo}, detections: all, threads: 2, frames: {arguments.frames}}}", "dear": f"{{camera: line, {each}}}"}
        row("a cheap and a dear model on every frame", *run(arguments.swiftlet, folder, "both", line, both, arguments.frames))
        after = {"cheap": both["cheap"], "dear": f"{{after: cheap, model: {package}, detections: all, threads: 2}}"}
        row("the dear one where the cheap one found something", *run(arguments.swiftlet, folder, "cascade", line, after, arguments.frames))
        resting = {"still": f"{{source: \"folder:{still}\", frame_rate: 30}}"}
        row("a scene that rests, every frame", *run(arguments.swiftlet, folder, "every", resting, {"p": f"{{camera: still, {each}}}"}, arguments.frames))
        row("a scene that rests, still: {longest: 5 s}",
            *run(arguments.swiftlet, folder, "still-scene", resting, {"p": f"{{camera: still, {each}, still: {{longest: 5 s}}}}"}, arguments.frames))
        row("photographs, all different, still: {longest: 5 s}",
            *run(arguments.swiftlet, folder, "photographs", photographs, {"p": f"{{camera: folder, {each}, still: {{longest: 5 s}}}}"}, arguments.frames))


if __name__ == "__main__":
    main()
