#!/usr/bin/env python3
"""The page and `camera show --page` in a real browser.

Usage: look.py check SWIFTLET            what is shown, on a desktop and on a phone; half a minute
       look.py pictures SWIFTLET FOLDER  screenshots of both
"""
import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from browser import Browser  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MODEL = os.path.join(ROOT, "Sources/CDemoModel/surface-defects.swiftlet")
LARGEST_PICTURE = 150_000


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return answer.read()


class Program:
    """A swiftlet that ends in order when it is asked to."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        # A check that fails leaves nothing running.
        atexit.register(self.process.kill)

    def wait_for(self, port, path, is_enough, seconds=60):
        deadline = time.monotonic() + seconds
        while True:
            try:
                if is_enough(get(port, path)):
                    return
            except OSError:
                pass
            if time.monotonic() > deadline or self.process.poll() is not None:
                self.process.kill()
                raise SystemExit(f"{path} isn't there: {self.process.stdout.read()}")
            time.sleep(0.1)

    def end(self):
        self.process.send_signal(signal.SIGINT)
        text, _ = self.process.communicate(timeout=30)
        if self.process.returncode != 0:
            raise SystemExit(f"ended with {self.process.returncode}: {text}")


def agent(swiftlet, folder, port):
    configuration = os.path.join(folder, "page.yaml")
    with open(configuration, "w") as file:
        file.write(
            "device: {id: line-3-top, site: plant-a}\n"
            f"storage: {{path: {folder}/state}}\n"
            f"page: {{listen: \"127.0.0.1:{port}\"}}\n"
            "cameras:\n  top: {source: simulated:conveyor, frame_rate: 30, defect_rate: 0.7}\n"
            f"pipelines:\n  surface: {{camera: top, model: {MODEL}}}\n")
    program = Program(swiftlet, "run", "--config", configuration)

    def is_enough(body):
        pipeline = json.loads(body)["pipelines"][0]
        return pipeline["frame_rate"] > 2 and len(pipeline["recent"]) > 2

    program.wait_for(port, "/status.json", is_enough)
    return program


def camera(swiftlet, port):
    program = Program(swiftlet, "camera", "show", "simulated:conveyor", "--page", "--listen", f"127.0.0.1:{port}", "--model", MODEL)
    program.wait_for(port, "/figures.json", lambda body: json.loads(body)["focus"] is not None)
    return program


def require(condition, what):
    if not condition:
        raise SystemExit(f"FAILED: {what}")


def check_tab(tab, name):
    tab.wait_for("document.body.dataset.shown === 'yes'", f"{name} shows nothing")
    wide = tab.ask("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    require(wide <= 0, f"{name} is {wide} pixels too wide for {tab.width}")
    text = tab.ask("document.body.innerText")
    for bad in ("undefined", "NaN", "[object", "null"):
        require(bad not in text, f"{name} shows {bad}: {text}")
    require(tab.complaints() == [], f"{name}: {tab.complaints()}")
    return text


def check_page(browser, port):
    for width, scheme in ((1280, "light"), (768, "dark"), (360, "dark"), (360, "light")):
        tab = browser.open(f"http://127.0.0.1:{port}/", width, 740, scheme, mobile=width < 500)
        text = check_tab(tab, "the page")
        for wanted in ("line-3-top", "surface", "frames/s", "surface-defects", "simulated:conveyor", "none: results stay here", "clock", "p99"):
            require(wanted in text, f"the page lacks {wanted}: {text}")
        rate = float(tab.ask("document.querySelector('.big').firstChild.textContent"))
        require(rate > 1, f"the page shows {rate} frames/s")
        before = tab.ask("document.body.innerText")
        tab.wait_for(f"document.body.innerText !== {json.dumps(before)}", "the page isn't renewed")
        dark = tab.ask("getComputedStyle(document.body).backgroundColor") == "rgb(15, 18, 22)"
        require(dark == (scheme == "dark"), f"the page isn't {scheme}")
        tab.close()


def check_metrics(port):
    text = get(port, "/metrics").decode()
    try:
        from prometheus_client.parser import text_string_to_metric_families
    except ImportError:
        print("SKIPPED: Prometheus' own reader, as python3-prometheus-client isn't installed", file=sys.stderr)
    else:
        families = {family.name: family for family in text_string_to_metric_families(text)}
        require("swiftlet_pipeline_stage_duration_seconds" in families, f"no histogram in {sorted(families)}")
        require(families["swiftlet_pipeline_frames"].type == "counter", "frames are no counter")
    if shutil.which("promtool"):
        outcome = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        require(outcome.returncode == 0, f"promtool: {outcome.stderr}")


def check_camera(browser, port):
    for width in (1280, 360):
        tab = browser.open(f"http://127.0.0.1:{port}/", width, 740, mobile=width < 500)
        text = check_tab(tab, "the camera's page")
        require(tab.ask("document.getElementById('picture').naturalWidth") > 100, "there is no picture")
        require(float(tab.ask("document.getElementById('focus').textContent")) > 0, f"no focus: {text}")
        for wanted in ("simulated:conveyor", "streaming", "verdict", "Found"):
            require(wanted in text, f"the camera's page lacks {wanted}: {text}")
        # One where the picture is as sharp as it ever was, the other where it isn't: the line moves.
        require("best so far" in text or "best of the last minute" in text, f"the camera's page says nothing of how sharp it could be: {text}")
        tab.close()


def run_check(swiftlet, folder):
    browser = Browser()
    try:
        port = free_port()
        program = agent(swiftlet, folder, port)
        check_page(browser, port)
        check_metrics(port)
        tab = browser.open(f"http://127.0.0.1:{port}/", 800, 600)
        tab.wait_for("document.body.dataset.shown === 'yes'", "the page shows nothing")
        program.end()
        tab.wait_for("document.body.classList.contains('stale')", "the page doesn't notice that the agent has ended")
        port = free_port()
        program = camera(swiftlet, port)
        check_camera(browser, port)
        program.end()
    finally:
        browser.close()
    print("the pages are right, on a desktop and on a phone")


def take(tab, path):
    tab.wait_for("document.body.dataset.shown === 'yes'", f"{path}: nothing is shown")
    tab.picture(path)
    size = os.path.getsize(path)
    print(f"{path}: {size} bytes")
    require(size < LARGEST_PICTURE, f"{path} is larger than {LARGEST_PICTURE} bytes")
    tab.close()


def run_pictures(swiftlet, folder, target):
    browser = Browser()
    try:
        port = free_port()
        program = agent(swiftlet, folder, port)
        address = f"http://127.0.0.1:{port}/"
        take(browser.open(address, 1100, 700), f"{target}/page-desktop.png")
        take(browser.open(address, 360, 740, "dark", 1, mobile=True), f"{target}/page-phone.png")
        program.end()
        port = free_port()
        program = camera(swiftlet, port)
        tab = browser.open(f"http://127.0.0.1:{port}/", 500, 700, "light", 0.75)
        # A picture with something in it.
        tab.wait_for("document.getElementById('list').children.length > 0", "nothing is found")
        take(tab, f"{target}/camera-desktop.png")
        take(browser.open(f"http://127.0.0.1:{port}/", 360, 740, "dark", 1, mobile=True), f"{target}/camera-phone.png")
        program.end()
    finally:
        browser.close()


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "check":
        job = lambda folder: run_check(sys.argv[2], folder)  # noqa: E731
    elif len(sys.argv) == 4 and sys.argv[1] == "pictures":
        job = lambda folder: run_pictures(sys.argv[2], folder, sys.argv[3])  # noqa: E731
    else:
        raise SystemExit(__doc__)
    with tempfile.TemporaryDirectory(prefix="swiftlet-page-") as folder:
        job(folder)


main()
