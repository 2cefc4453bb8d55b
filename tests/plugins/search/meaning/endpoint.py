"""An endpoint for embeddings on loopback: a text's vector says which of some themes its words belong to."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

THEMES = (
    ("ship", "harbour", "sailor", "boat", "vessel", "quay"),
    ("bread", "oven", "baker", "loaf", "flour", "pastry"),
    ("train", "rail", "platform", "locomotive", "carriage", "conductor"),
)
DIMENSION = 96


class Endpoint:
    """A server, and how it behaves.

    Attributes:
        url: Where it is.
        requests: What it was sent, as (headers, body).
        answer: Status and body with which all is answered in place of vectors.
        refused: A text that has this is answered with 400.
        is_open: While it is not set, nothing is answered.
        drips: After so much of an answer there comes a byte now and then, for ever.
        was_left: Whether a client has hung up on that.
    """

    def __init__(self):
        self.requests = []
        self.answer = None
        self.refused = None
        self.drips = None
        self.was_left = threading.Event()
        self.is_open = threading.Event()
        self.is_open.set()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                endpoint.requests.append((dict(self.headers), body))
                endpoint.is_open.wait(60)
                if endpoint.drips is not None:
                    self.drip(endpoint.drips)
                    return
                status, content = endpoint.reply(body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def drip(self, begun):
                try:
                    self.wfile.write(begun)
                    while not endpoint.was_left.wait(0.02):
                        self.wfile.write(b"1\r\n \r\n" if begun.endswith(b"\r\n\r\n") else b"x")
                except OSError:
                    endpoint.was_left.set()
                self.close_connection = True

            def log_message(self, *_args):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1/embeddings"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def reply(self, body):
        if self.answer is not None:
            return self.answer
        texts = body["input"]
        if self.refused is not None and any(self.refused in text for text in texts):
            return 400, b'{"error": "too long"}'
        vectors = [{"index": number, "embedding": vector_of(text)} for number, text in enumerate(texts)]
        return 200, json.dumps({"data": vectors[::-1]}).encode()  # in an order of its own

    def close(self):
        self.is_open.set()
        self.was_left.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def vector_of(text):
    """A direction for each theme, and a little of the text's own."""
    rng = np.random.default_rng(sum(text.encode()))
    vector = 0.1 * rng.standard_normal(DIMENSION)
    for number, theme in enumerate(THEMES):
        vector[number * 8] += 3 * sum(word in text.lower() for word in theme)
    return vector.tolist()
