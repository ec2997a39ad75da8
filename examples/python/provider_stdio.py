"""The exec provider's protocol, for engines written in Python.

An engine is a class:

    class Engine:
        batch = 8                          # requests given to answer() at once
        def load(self, hello): ...         # loads the model; returns the fields of its hello
        def answer(self, requests): ...    # one answer, or one Refusal, for each request

and `serve(Engine())` does the rest: it says hello, collects requests, drops those
that were cancelled, and writes the answers. docs/exec-provider.md says what is in
them. Whatever the engine prints goes to stderr, as stdout belongs to the protocol.
"""

import json
import os
import queue
import sys
import threading
import traceback


class Refusal(Exception):
    """A request that cannot be answered. kind is one of the protocol's kinds."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind, self.message = kind, message


class Stdio:
    def __init__(self):
        # Keep the real stdout for the protocol; prints, of C code too, go to stderr.
        self.lines = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
        os.dup2(2, 1)
        sys.stdout = sys.stderr
        self.todo = queue.Queue()
        self.cancelled = set()

    def send(self, message):
        # allow_nan: a NaN would be refused at the other end; say here what happened.
        self.lines.write(json.dumps(message, ensure_ascii=False, allow_nan=False) + "\n")
        self.lines.flush()

    def read(self):
        """Runs in a thread, so that a cancellation is seen while the engine works."""
        for line in sys.stdin.buffer:
            message = json.loads(line)
            if message["type"] == "cancel":
                self.cancelled.add(message["id"])
            elif message["type"] == "shutdown":
                break
            else:
                self.todo.put(message)
        self.todo.put(None)

    def batch(self, most):
        """Waits for a request and takes those that are there already, up to most."""
        batch = [self.todo.get()]
        while batch[-1] is not None and len(batch) < most:
            try:
                batch.append(self.todo.get_nowait())
            except queue.Empty:
                break
        return batch

    def reply(self, request, result):
        if isinstance(result, Refusal):
            self.send({"type": "error", "id": request["id"], "kind": result.kind, "message": result.message})
            return
        try:
            self.send({"type": "answer", "id": request["id"], **result})
        except ValueError as err:  # NaN or Infinity
            self.reply(request, Refusal("internal", f"the answer has no JSON: {err}"))


def serve(engine):
    stdio = Stdio()
    threading.Thread(target=stdio.read, daemon=True).start()
    hello = stdio.todo.get()
    if hello is None:
        return
    try:
        stdio.send({"type": "hello", "protocol": 1, **engine.load(hello)})
    except Exception as err:  # the other end shows the message; the trace is on stderr
        traceback.print_exc()
        kind = err.kind if isinstance(err, Refusal) else "model_unavailable"
        stdio.send({"type": "error", "kind": kind, "message": f"{type(err).__name__}: {err}"})
        return
    while True:
        batch = stdio.batch(engine.batch)
        requests = [r for r in batch if r is not None]
        for r in requests:
            if r["id"] in stdio.cancelled:
                stdio.reply(r, Refusal("cancelled", "as asked"))
        requests = [r for r in requests if r["id"] not in stdio.cancelled]
        if requests:
            try:
                results = engine.answer(requests)
            except Refusal as refusal:
                results = [refusal] * len(requests)
            except Exception as err:
                traceback.print_exc()
                results = [Refusal("internal", f"{type(err).__name__}: {err}")] * len(requests)
            for request, result in zip(requests, results, strict=True):
                stdio.reply(request, result)
        if batch[-1] is None:
            return
