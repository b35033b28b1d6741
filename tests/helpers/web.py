"""A web server on this machine: pictures, redirects, errors, and answers that end late, never, or with a lie."""

import threading
import time
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CHUNK = bytes(1 << 14)


class Site:
    """What a server serves: the content of each path; paths of ``ANSWERS`` answer in their own way."""

    def __init__(self, files):
        self.files = dict(files)
        self.asked = Counter()
        self.times = []
        self.sent = 0
        self.closed = threading.Event()
        self.url = None

    def address(self, path):
        return f"{self.url}{path}"


@contextmanager
def served(files):
    """Serve files by path on a free port of 127.0.0.1; yield the ``Site``."""
    site = Site(files)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            site.asked[self.path] += 1
            site.times.append((self.path, time.monotonic()))
            answer = ANSWERS.get(self.path.partition("?")[0])
            try:
                if answer is not None:
                    answer(self, site)
                elif (content := site.files.get(self.path.partition("?")[0])) is not None:
                    send(self, content)
                else:
                    self.send_error(404)
            except (BrokenPipeError, ConnectionResetError):
                pass

        def log_message(self, *_):
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.closed.set()
        server.shutdown()
        thread.join()
        server.server_close()


def send(handler, content, status=200, length=None, **headers):
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    if length != "":
        handler.send_header("Content-Length", str(len(content) if length is None else length))
    handler.end_headers()
    handler.wfile.write(content)


def redirect(place):
    return lambda handler, site: send(handler, b"", 302, Location=place)


def endless(handler, site):
    """Send zeros without an end, and without a length."""
    send(handler, b"\xff\xd8\xff", length="")
    while not site.closed.is_set():
        handler.wfile.write(CHUNK)


def slow(handler, site):
    """Send a byte of the header every 50 ms: each is in time, and all together never end."""
    handler.wfile.write(b"HTTP/1.0 200 OK\r\nX-Slow: ")
    while not site.closed.wait(0.05):
        handler.wfile.write(b"a")
        handler.wfile.flush()


def slow_body(handler, site):
    """Send a byte of the content every 50 ms, without a length."""
    send(handler, b"", length="")
    while not site.closed.wait(0.05):
        handler.wfile.write(b"a")
        handler.wfile.flush()


def chunk_of_less_than_nothing(handler, site):
    """Announce a chunk of -1 bytes, which http.client takes for everything that comes."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n")
    while not site.closed.is_set():
        site.sent += handler.wfile.write(CHUNK)


ANSWERS = {
    "/to-picture": redirect("/picture.png"),
    "/loop": redirect("/loop"),
    "/long": lambda handler, site: send(handler, b"", 302, Location=f"/long?{site.asked.total()}"),
    "/to-file": redirect("file:///etc/passwd"),
    "/to-nothing": redirect("//[no address/"),
    "/chunk": chunk_of_less_than_nothing,
    "/to-private": redirect("http://169.254.169.254/latest/meta-data/"),
    "/to-secret": redirect("/secret/picture.png"),
    "/500": lambda handler, site: send(handler, b"", 500),
    "/403": lambda handler, site: send(handler, b"", 403),
    "/endless": endless,
    "/slow": slow,
    "/slow-body": slow_body,
    "/short": lambda handler, site: send(handler, b"short", length=1000),
    "/huge": lambda handler, site: send(handler, b"", length=10**12),
    "/packed": lambda handler, site: send(handler, b"\x1f\x8b", Content_Encoding="gzip"),
    "/garbage": lambda handler, site: handler.wfile.write(b"\0\1\2 not HTTP\r\n\r\n"),
}
