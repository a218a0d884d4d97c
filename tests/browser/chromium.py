"""A headless Chromium, steered through a pipe (Chrome DevTools Protocol), with nothing but Python's own library."""

import json
import os
import select
import shutil
import subprocess
import tempfile
import time


class Chromium:
    """A browser with one tab. Everything that pages say, ask for or throw is in `said`, `requests` and `dialogs`."""

    def __init__(self, program):
        self.profile = tempfile.mkdtemp(prefix="firstseen-chromium-")
        to_browser, self.commands = os.pipe()
        self.answers, from_browser = os.pipe()

        def pipes():
            # The protocol is on descriptors 3 and 4. The copies keep clear of them until both are in place.
            reading, writing = os.dup(to_browser), os.dup(from_browser)
            os.dup2(reading, 3)
            os.dup2(writing, 4)

        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", f"--user-data-dir={self.profile}"]
        os.set_inheritable(to_browser, True)
        os.set_inheritable(from_browser, True)
        # A number above 4 for each, so that neither copy replaces the other.
        self.process = subprocess.Popen([program, *flags, "about:blank"], preexec_fn=pipes, close_fds=False,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.next, self.unread, self.session = 1, b"", None
        self.said, self.requests, self.dialogs = [], [], []
        self.loaded = False
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method, **params):
        """Calls a method and waits for its answer."""
        number, self.next = self.next, self.next + 1
        message = {"id": number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        # For a browser that hangs. axe-core takes a minute for a page of thousands of findings.
        end = time.monotonic() + 600
        while time.monotonic() < end:
            answer = self.read(end)
            if answer and answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
        raise TimeoutError(method)

    def read(self, end):
        """Reads one message; events are noted."""
        while b"\0" not in self.unread:
            ready, _, _ = select.select([self.answers], [], [], max(0, end - time.monotonic()))
            chunk = os.read(self.answers, 1 << 20) if ready else b""
            if not chunk:
                return None
            self.unread += chunk
        text, _, self.unread = self.unread.partition(b"\0")
        message = json.loads(text)
        params = message.get("params", {})
        match message.get("method"):
            case "Runtime.consoleAPICalled":
                self.said.append((params["type"], str([arg.get("value") for arg in params["args"]])))
            case "Runtime.exceptionThrown":
                self.said.append(("exception", json.dumps(params["exceptionDetails"])))
            case "Log.entryAdded":
                self.said.append((params["entry"]["level"], params["entry"]["text"]))
            case "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])
            case "Page.javascriptDialogOpening":
                self.dialogs.append(params["message"])
                self.next += 1
                handle = {"id": self.next - 1, "method": "Page.handleJavaScriptDialog", "params": {"accept": True},
                          "sessionId": self.session}
                os.write(self.commands, json.dumps(handle).encode() + b"\0")
            case "Page.loadEventFired":
                self.loaded = True
        return message

    def open(self, address):
        """Opens a page and waits until it is loaded."""
        self.loaded = False
        self.call("Page.navigate", url=address)
        end = time.monotonic() + 60
        while not self.loaded and time.monotonic() < end:
            self.read(end)
        if not self.loaded:
            raise TimeoutError(address)

    def ask(self, expression):
        """The value of an expression in the page, as JSON; a promise is waited for."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True,
                           userGesture=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def frame(self):
        """Waits until the page has been drawn."""
        self.ask("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")

    def close(self):
        """Ends the browser."""
        self.session = None
        try:
            self.call("Browser.close")
        except (OSError, TimeoutError):
            self.process.kill()
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)
