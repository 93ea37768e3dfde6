"""A headless Chromium, driven over two pipes by its own protocol; nothing but Python's library is needed."""
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

WAIT = 60
KEYS = {"Tab": 9, "Enter": 13, " ": 32, "Escape": 27}

# The texts of a page that stand off too little against what is behind them, as WCAG 2 counts it (AA), and how many were looked at.
CONTRAST = r"""(() => {
  const numbers = (color) => {
    const found = color.match(/[\d.]+/g).map(Number);
    return found.length < 4 ? [...found, 1] : found;
  };
  const channel = (value) => { value /= 255; return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4; };
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const over = (top, below, opacity) => [0, 1, 2].map((at) => top[at] * opacity + below[at] * (1 - opacity));
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.push(numbers(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((below, layer) => over(layer, below, layer[3]), [255, 255, 255]);
  };
  const weak = new Map();
  let least = 21, looked = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    const box = element.getBoundingClientRect();
    if (box.width < 2 || box.height < 2) continue;
    const style = getComputedStyle(element);
    let opacity = 1;
    for (let at = element; at; at = at.parentElement) opacity *= Number(getComputedStyle(at).opacity);
    const back = behind(element);
    const text = numbers(style.color);
    const [a, b] = [luminance(over(text, back, text[3] * opacity)), luminance(back)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const needed = size >= 24 || size >= 18.66 && Number(style.fontWeight) >= 700 ? 3 : 4.5;
    looked += 1;
    if (ratio < needed) weak.set(`${style.color} on ${back.map(Math.round)}: ${ratio.toFixed(2)}: ${element.tagName} .${element.className}`, node.data.trim().slice(0, 40));
    else least = Math.min(least, ratio);
  }
  return { looked, least: Number(least.toFixed(2)), weak: [...weak].slice(0, 20) };
})()"""


class Failed(Exception):
    """Something that is not as it has to be."""


class Browser:
    """The browser; `with` ends it."""

    def __init__(self):
        program = shutil.which("chromium") or sys.exit("browser: chromium is missing: apt-get install chromium")
        self.profile = tempfile.mkdtemp(prefix="capr-browser-")
        to_browser, self.send = os.pipe()
        self.receive, from_browser = os.pipe()

        def descriptors():
            os.dup2(to_browser, 30)
            os.dup2(from_browser, 31)
            os.dup2(30, 3)
            os.dup2(31, 4)

        words = [program, "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        words += ["--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", f"--user-data-dir={self.profile}", "about:blank"]
        self.process = subprocess.Popen(
            words, preexec_fn=descriptors, close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(to_browser)
        os.close(from_browser)
        self.rest, self.number, self.events = b"", 0, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def message(self):
        """Returns what the browser says next."""
        while b"\0" not in self.rest:
            read = os.read(self.receive, 1 << 20)
            if not read:
                raise Failed("chromium has ended")
            self.rest += read
        line, self.rest = self.rest.split(b"\0", 1)
        return json.loads(line)

    def call(self, method, session=None, **parameters):
        """Calls a method of the browser, and returns its result."""
        self.number += 1
        number = self.number
        asked = {"id": number, "method": method, "params": parameters}
        if session:
            asked["sessionId"] = session
        os.write(self.send, json.dumps(asked).encode() + b"\0")
        until = time.monotonic() + WAIT
        while time.monotonic() < until:
            said = self.message()
            if said.get("id") == number:
                if "error" in said:
                    raise Failed(f"{method}: {said['error']['message']}")
                return said["result"]
            self.events.append(said)
        raise Failed(f"{method}: no answer")


class Page:
    """A page in a tab of its own."""

    def __init__(self, browser, width=1300, height=900, dark=False, scripts=True):
        self.browser = browser
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Log", "Accessibility"]:
            self.call(f"{domain}.enable")
        if not scripts:
            self.call("Emulation.setScriptExecutionDisabled", value=True)
        self.look(width, height, dark)

    def call(self, method, **parameters):
        """Calls a method for this page."""
        return self.browser.call(method, self.session, **parameters)

    def look(self, width, height, dark):
        """Sets the size of the window, and which look the person prefers."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = "dark" if dark else "light"
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def open(self, path):
        """Opens a file as the browser does when it is clicked, and returns the seconds until it was loaded."""
        begun = time.monotonic()
        self.call("Page.navigate", url=pathlib.Path(path).resolve().as_uri())
        self.until("document.readyState === 'complete' && location.protocol === 'file:'")
        return time.monotonic() - begun

    def evaluate(self, expression):
        """Returns the value of an expression in the page."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise Failed(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def until(self, expression):
        """Waits until an expression is true."""
        until = time.monotonic() + WAIT
        while time.monotonic() < until:
            if self.evaluate(f"Boolean({expression})"):
                return
            time.sleep(0.02)
        raise Failed(f"never: {expression}")

    def press(self, key):
        """Presses a key."""
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        pressed = {"key": key, "windowsVirtualKeyCode": KEYS.get(key, ord(key[0].upper()))}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **pressed)
        self.call("Input.dispatchKeyEvent", type="keyUp", **pressed)

    def type(self, text):
        """Types a string where the focus is."""
        self.call("Input.insertText", text=text)

    def errors(self):
        """Returns what the console has complained about."""
        self.evaluate("0")
        told = []
        for event in self.browser.events:
            if event.get("sessionId") != self.session:
                continue
            method, said = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                told.append(said["exceptionDetails"].get("text", "") + str(said["exceptionDetails"].get("exception", {}).get("description", "")))
            if method == "Log.entryAdded" and said["entry"]["level"] == "error":
                told.append(said["entry"]["text"])
            if method == "Runtime.consoleAPICalled" and said["type"] == "error":
                told.append(str(said["args"]))
        return told

    def picture(self, path):
        """Keeps a picture of the window."""
        pathlib.Path(path).write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def print(self, path):
        """Prints the page into a PDF."""
        pathlib.Path(path).write_bytes(base64.b64decode(self.call("Page.printToPDF", preferCSSPageSize=True)["data"]))

    def names(self):
        """Returns the role and the name of each part that an assistive program is told of."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node.get("ignored") and "role" in node]

    def contrast(self):
        """Raises an error if a text stands off too little against what is behind it; returns what was found."""
        found = self.evaluate(CONTRAST)
        need(not found["weak"], f"too little contrast: {found['weak']}")
        return f"{found['looked']} texts, least {found['least']}:1"

    def width(self):
        """Raises an error if the page is wider than its window."""
        wide = self.evaluate("document.scrollingElement.scrollWidth - innerWidth")
        need(wide <= 0, f"the page is {wide} pixels wider than its window")


def need(holds, otherwise):
    """Raises an error unless something holds."""
    if not holds:
        raise Failed(otherwise)
