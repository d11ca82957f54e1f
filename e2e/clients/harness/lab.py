"""The lab: the one that runs, or one started for the time of the run."""

import json
import subprocess
import time
import urllib.error
import urllib.request

from harness.languages import ROOT

PAGE = "http://127.0.0.1:8888"


def ask(path):
    with urllib.request.urlopen(PAGE + path, timeout=5) as answer:
        return json.load(answer)


class Lab:
    """Services by name, traces by id."""

    def __enter__(self):
        self.process = None
        if not self.is_ready():
            print("starting the lab", flush=True)
            subprocess.run(["cargo", "build", "--quiet", "--locked", "-p", "lab"], cwd=ROOT, check=True)
            self.process = subprocess.Popen(
                [ROOT / "target/debug/malha"], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            until(self.is_ready, "the lab's services are ready")
        return self

    def __exit__(self, *_):
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=60)

    def is_ready(self):
        try:
            services = ask("/lab/services")["services"]
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
        return all(service["ready"] for service in services)

    def port(self, service):
        services = ask("/lab/services")["services"]
        listen = next(each["listen"] for each in services if each["name"] == service)
        return int(listen.rsplit(":", 1)[1])

    def services_of(self, trace):
        """The services that have spans in a trace."""
        try:
            processes = ask(f"/api/traces/{trace}")["data"][0]["processes"]
        except (urllib.error.HTTPError, IndexError):
            return set()
        return {process["serviceName"] for process in processes.values()}


def until(condition, what):
    deadline = time.monotonic() + 120
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"never came to pass: {what}")
        time.sleep(0.05)
