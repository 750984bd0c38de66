"""A headless Chromium over its debugging pipe: enough of the DevTools protocol to open a page, ask it questions and take its picture."""
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time


class Browser:
    def __init__(self):
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        if not program:
            raise SystemExit("chromium isn't installed: Packaging/install-dependencies.sh page")
        self.profile = tempfile.mkdtemp(prefix="swiftlet-chromium-")
        orders, self.orders = os.pipe()
        self.answers, answers = os.pipe()
        arguments = [program, "--headless=new", "--remote-debugging-pipe", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
                     "--disable-background-networking", f"--user-data-dir={self.profile}"]
        if os.geteuid() == 0:
            # Chromium refuses to run in its sandbox as root; it opens nothing but pages of this machine here.
            arguments.append("--no-sandbox")
        # It reads orders from descriptor 3 and answers on 4.
        self.process = subprocess.Popen(
            ["sh", "-c", f'exec "$@" 3<&{orders} 4>&{answers}', "sh", *arguments], pass_fds=(orders, answers), stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(orders)
        os.close(answers)
        self.number = 0
        self.rest = b""
        self.events = []

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def _next(self, deadline):
        while b"\0" not in self.rest:
            if not select.select([self.answers], [], [], max(0, deadline - time.monotonic()))[0]:
                raise SystemExit("the browser doesn't answer")
            piece = os.read(self.answers, 1 << 20)
            if not piece:
                raise SystemExit("the browser has ended")
            self.rest += piece
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, session=None, **parameters):
        self.number += 1
        order = {"id": self.number, "method": method, "params": parameters}
        if session:
            order["sessionId"] = session
        os.write(self.orders, json.dumps(order).encode() + b"\0")
        deadline = time.monotonic() + 60
        while True:
            message = self._next(deadline)
            if message.get("id") == self.number:
                if "error" in message:
                    raise SystemExit(f"{method}: {message['error']['message']}")
                return message["result"]
            self.events.append(message)

    def open(self, address, width, height, scheme="light", scale=1.0, mobile=False):
        return Tab(self, address, width, height, scheme, scale, mobile)


class Tab:
    def __init__(self, browser, address, width, height, scheme, scale, mobile):
        self.browser, self.width, self.height, self.scale, self.mobile = browser, width, height, scale, mobile
        self.target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.resize(height)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Page.navigate", url=address)

    def call(self, method, **parameters):
        return self.browser.call(method, session=self.session, **parameters)

    def resize(self, height):
        self.call("Emulation.setDeviceMetricsOverride", width=self.width, height=height, deviceScaleFactor=self.scale, mobile=self.mobile)

    def ask(self, expression):
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def wait_for(self, expression, what, seconds=30):
        deadline = time.monotonic() + seconds
        while not self.ask(expression):
            if time.monotonic() > deadline:
                raise SystemExit(f"{what}: not within {seconds} s; the page says: {self.ask('document.body.innerText')!r}")
            # Nothing tells when a page's script has done something.
            time.sleep(0.1)

    def complaints(self):
        """Errors of scripts, refused by the policy or logged, and requests to elsewhere."""
        self.ask("1")
        found = []
        for event in self.browser.events:
            if event.get("sessionId") != self.session:
                continue
            method, parameters = event["method"], event["params"]
            if method == "Runtime.exceptionThrown":
                found.append(parameters["exceptionDetails"].get("text", "exception"))
            if method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
                found.append(str(parameters["args"]))
            if method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
                found.append(parameters["entry"]["text"])
            if method == "Network.requestWillBeSent":
                url = parameters["request"]["url"]
                if not url.startswith(("http://127.0.0.1", "http://localhost", "data:", "blob:")):
                    found.append(f"asks for {url}")
        return found

    def picture(self, path, whole=True):
        if whole:
            self.resize(int(self.ask("document.documentElement.scrollHeight")))
        data = self.call("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
        self.resize(self.height)

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)
