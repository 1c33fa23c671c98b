#!/usr/bin/env python3
"""Plays a box that is in trouble, and judges a till's client by the till rule.

    python3 play_box.py --port 8380 --run "python3 ../python/tidemark_till.py \\
        --box http://127.0.0.1:8380 --spool spool --receipts 9 --minute 3" --minute 3

The client rings up as many receipts as there are troubles (9). Each new
document meets one of them, and only after that is answered as a box answers:

    slow       the box has it, and answers after eight seconds
    down       503 with Retry-After: 1, three times
    cut        the box has it, and the line is cut before the answer
    half       the box has it, and half an answer comes
    garbage    200 with something that is no answer
    stranger   200 with the result of another document
    busy       429 with Retry-After: 2
    long       no answer for longer than a minute (--minute)
    good       answered at once

Judged are: every document is answered in the end; its id and content never
change; a sale never waits longer than two seconds (the lines `the receipt
took … s` of the client, if it writes them, and how long it keeps a silent
line); what is older than a minute comes `deferred` with its age, what is
younger does not; Retry-After is waited for; nothing comes twice at once.
The script ends with 0 if all is well, with 1 and a list of faults if not.
"""

import argparse
import http.server
import json
import shlex
import socket
import subprocess
import sys
import threading
import time

TROUBLES = ["slow", "down", "cut", "half", "garbage", "stranger", "busy", "long", "good"]
# What a client may wait for a silent box, with room for a slow machine.
PATIENCE_SECONDS = 5.0
SILENT_SECONDS = 8.0


class Seen:
    """What came of one document."""

    def __init__(self, trouble, content, now):
        self.trouble, self.content, self.first = trouble, content, now
        self.tries, self.saved, self.answered, self.not_before = 0, False, False, 0.0


class Box:
    def __init__(self, minute):
        self.minute = minute
        self.lock = threading.Lock()
        self.documents, self.faults, self.open = {}, [], set()

    def fault(self, text):
        if text not in self.faults:
            self.faults.append(text)

    def came(self, event, now):
        """Notes a try; the document and how it is to be answered."""
        data = dict(event.get("data") or {})
        deferred, age = data.pop("deferred", False), data.pop("age_ms", None)
        for line in data.get("lines") or []:
            line.pop("age_ms", None)
        identity = (event.get("source"), event.get("id"))
        content = json.dumps([event.get("type"), data], sort_keys=True)
        with self.lock:
            seen = self.documents.get(identity)
            if seen is None:
                trouble = TROUBLES[len(self.documents)] if len(self.documents) < len(TROUBLES) else "good"
                seen = self.documents[identity] = Seen(trouble, content, now)
            name = f"{identity[1]} ({seen.trouble})"
            if not all(identity):
                self.fault("a document without source or id")
            if seen.content != content:
                self.fault(f"{name} came again with other content: {content} instead of {seen.content}")
            if identity in self.open:
                self.fault(f"{name} came twice at once")
            if now < seen.not_before:
                self.fault(f"{name} came {seen.not_before - now:.2f} s before Retry-After was over")
            self.judge_age(name, deferred, age, now - seen.first)
            seen.tries += 1
            self.open.add(identity)
            return identity, seen

    def judge_age(self, name, deferred, age, since):
        # It may be older than the box knows, when others stood before it.
        if since > self.minute + PATIENCE_SECONDS and not deferred:
            self.fault(f"{name} is {since:.1f} s old and not deferred")
        if not deferred:
            return
        if not isinstance(age, int):
            self.fault(f"{name} is deferred without an age")
        elif age / 1000 < self.minute - 0.5:
            self.fault(f"{name} is deferred after {age / 1000:.1f} s already")
        elif age / 1000 < since - PATIENCE_SECONDS:
            self.fault(f"{name} says it is {age / 1000:.1f} s old, it is {since:.1f} s")

    def went(self, identity):
        with self.lock:
            self.open.discard(identity)

    def result(self, event, seen):
        status = "duplicate" if seen.saved else "accepted"
        seen.saved = seen.answered = True
        lines = len((event.get("data") or {}).get("lines") or [])
        first = {"id": event["id"], "status": status, "epoch": "00000000000000aa", "first_seq": 1, "lines": lines}
        return {"results": [dict(first, warnings=[])]}


class Handler(http.server.BaseHTTPRequestHandler):
    box = None

    def do_POST(self):
        now = time.monotonic()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = (self.headers.get("Content-Type") or "").split(";")[0].strip()
        try:
            events = json.loads(body)
        except ValueError:
            self.box.fault(f"the body is no JSON: {body[:80]!r}")
            return self.say(400, {"code": "broken_json"})
        if self.path != "/v1/events" or kind not in ("application/cloudevents+json", "application/cloudevents-batch+json"):
            self.box.fault(f"{self.path} with {kind}: documents go to /v1/events as CloudEvents")
            return self.say(415, {"code": "content_type"})
        if isinstance(events, list):
            # Batches are answered well: each trouble is about one document.
            results = [self.box.result(event, self.noted(event, now)) for event in events]
            return self.say(200, {"results": [result["results"][0] for result in results]})
        identity, seen = self.box.came(events, now)
        try:
            self.meet(events, seen)
        except OSError:
            pass  # The client has gone; it comes again.
        finally:
            self.box.went(identity)

    def noted(self, event, now):
        identity, seen = self.box.came(event, now)
        self.box.went(identity)
        return seen

    def meet(self, event, seen):
        trouble, tries = seen.trouble, seen.tries
        if trouble == "slow" and tries == 1:
            seen.saved = True
            return self.silent(event, seen)
        if trouble == "down" and tries <= 3:
            return self.later(503, seen, 1)
        if trouble == "busy" and tries == 1:
            return self.later(429, seen, 2)
        if trouble in ("cut", "half") and tries == 1:
            seen.saved = True
            text = json.dumps({"results": [{"id": event["id"], "status": "accepted"}]}).encode()
            if trouble == "half":
                head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
                self.wfile.write(head.encode() + text[: len(text) // 2])
                self.wfile.flush()
            self.close_connection = True
            return self.connection.shutdown(socket.SHUT_RDWR)
        if trouble == "garbage" and tries == 1:
            return self.say(200, "<html>sign in to the shop's WLAN</html>")
        if trouble == "stranger" and tries == 1:
            return self.say(200, {"results": [{"id": "another", "status": "accepted", "warnings": []}]})
        if trouble == "long" and time.monotonic() - seen.first < self.box.minute + PATIENCE_SECONDS + 1:
            return self.later(503, seen, 1)
        return self.say(200, self.box.result(event, seen))

    def silent(self, event, seen):
        """Says nothing for a while; whoever waits for it keeps a customer."""
        self.connection.settimeout(PATIENCE_SECONDS)
        began = time.monotonic()
        try:
            gone = self.connection.recv(1) == b""
        except socket.timeout:
            gone = False
        if gone:
            # Whoever gave up may come again at once.
            self.box.went((event.get("source"), event.get("id")))
            return None
        self.box.fault(f"{event['id']} (slow) was waited for longer than {PATIENCE_SECONDS} s")
        time.sleep(max(0.0, SILENT_SECONDS - (time.monotonic() - began)))
        return self.say(200, self.box.result(event, seen))

    def later(self, status, seen, seconds):
        seen.not_before = time.monotonic() + seconds - 0.2
        self.say(status, {"code": "not_saved"}, {"Retry-After": str(seconds)})

    def say(self, status, answer, headers=None):
        text = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def judge(box, output, code):
    """What is wrong after all, beside what was noted on the way."""
    for (_, name), seen in box.documents.items():
        if not seen.answered:
            box.fault(f"{name} ({seen.trouble}) was never sent again until it was answered")
    if len(box.documents) < len(TROUBLES):
        box.fault(f"{len(box.documents)} documents came, {len(TROUBLES)} are needed: let the client ring up more")
    for line in output.splitlines():
        words = line.split()
        if line.startswith("the receipt took ") and float(words[3]) > 2.0 + PATIENCE_SECONDS / 2:
            box.fault(f"a sale waited {words[3]} s for the box")
    if code not in (0, None):
        box.fault(f"the client ended with {code}")
    return box.faults


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--port", type=int, default=8380, help="0 for a free one")
    arguments.add_argument("--run", help="the client to judge; {box} stands for the address. Without it, end with Enter")
    arguments.add_argument("--minute", type=float, default=60.0, help="seconds from which a document is deferred")
    arguments.add_argument("--within", type=float, default=300.0, help="seconds the client may take")
    told = arguments.parse_args()
    box = Box(told.minute)
    handler = type("Bound", (Handler,), {"box": box})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", told.port), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    print(f"the box is at {address}", flush=True)
    output, code = "", None
    if told.run:
        words = [word.replace("{box}", address) for word in shlex.split(told.run)]
        try:
            ran = subprocess.run(words, stdout=subprocess.PIPE, timeout=told.within, text=True, check=False)
            output, code = ran.stdout, ran.returncode
        except subprocess.TimeoutExpired as error:
            output = (error.stdout or b"").decode() if isinstance(error.stdout, bytes) else error.stdout or ""
            box.fault(f"the client did not end within {told.within} s")
    else:
        input("ring up nine receipts at the till, wait until it has handed them in, then press Enter\n")
    faults = judge(box, output, code)
    tries = ", ".join(f"{seen.trouble} {seen.tries}" for seen in box.documents.values())
    print(f"tries by trouble: {tries}")
    for fault in faults:
        print(f"FAULT: {fault}")
    print("the client keeps the till rule" if not faults else f"{len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
