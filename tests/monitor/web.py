"""Serve an application on loopback and visit it as a plain browser without JavaScript would."""

import http.client
import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urlencode

import uvicorn


@contextmanager
def serve(app):
    """Serve an ASGI application by uvicorn in a thread and give its port."""
    started = threading.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets=None):
            await super().startup(sockets=sockets)
            started.set()

    server = Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, timeout_graceful_shutdown=2))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert started.wait(10), "the server did not start"
    port = server.servers[0].sockets[0].getsockname()[1]
    thread.name = f"monitor-{port}"
    try:
        yield port
    finally:
        server.should_exit = True
        thread.join(10)


@dataclass
class Answer:
    status: int
    headers: object
    body: str

    @property
    def location(self):
        return self.headers["location"]

    def token(self):
        """Give the form token of the page."""
        return re.search(r'name="token" value="([^"]+)"', self.body)[1]


class Visitor:
    """One browser with its cookies; follows nothing by itself."""

    def __init__(self, port):
        self.port = port
        self.cookies = {}

    def get(self, path, **headers):
        return self.ask("GET", path, None, headers)

    def stream(self, path, count=1, *, told=lambda: None):
        """Open a stream of events and give its status with the first `count` events as (name, data), fewer when it ends.

        `told` is called after each event.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection.request("GET", path, headers={"cookie": cookies, "accept": "text/event-stream"})
        response = connection.getresponse()
        try:
            found = []
            for each in islice(_events(response), count if response.status == 200 else 0):
                found.append(each)
                told()
            return response.status, found
        finally:
            connection.close()

    def get_bytes(self, path):
        return self.ask("GET", path, None, {}, text=False)

    def post(self, path, form, **headers):
        kind = {"content-type": "application/x-www-form-urlencoded"}
        return self.ask("POST", path, urlencode(form), {**kind, **headers})

    def ask(self, method, path, body, headers, *, text=True):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection.request(method, path, body=body.encode() if isinstance(body, str) else body, headers=sent)
        response = connection.getresponse()
        # A stream does not end by itself; see `stream`.
        content = b"" if response.headers.get_content_type() == "text/event-stream" else response.read()
        answer = Answer(response.status, response.headers, content.decode("utf-8") if text else content)
        connection.close()
        for cookie in answer.headers.get_all("set-cookie") or []:
            self._keep(cookie)
        return answer

    def sign_in(self, name, password, **more):
        page = self.get("/")
        return self.post("/signin", {"token": page.token(), "name": name, "password": password, **more})

    def _keep(self, cookie):
        name, _, value = cookie.split(";")[0].partition("=")
        if "max-age=0" in cookie.lower():
            self.cookies.pop(name, None)
        else:
            self.cookies[name] = value


def _events(response):
    name = ""
    while line := response.readline().decode().rstrip("\n"):
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))
            response.readline()
        elif line.startswith(":"):
            response.readline()
