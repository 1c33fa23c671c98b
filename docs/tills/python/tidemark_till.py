#!/usr/bin/env python3
"""A till's side of the till rule, in Python without any package.

    till = Till("http://127.0.0.1:8380", "spool", "till:1", token=None)
    till.hand_in("tidemark.sale", {"lines": [{"item": "4006381333931", "quantity": 1}]})

1. A document is on the till's own disk before it is sent.
2. Finishing a sale waits for the box two seconds at most.
3. What was not answered is sent again, with the same id and content, for
   ever; after a minute marked `deferred` with its age.
4. What was answered is kept fourteen days more: a box that is swapped may be
   filled again from it.
"""

import argparse
import http.client
import json
import os
import secrets
import sys
import threading
import time
import urllib.parse

WAIT_SECONDS = 2.0
KEEP_SECONDS = 14 * 24 * 3600


class Till:
    def __init__(self, box, spool, source, token=None, minute=60.0):
        self.box = urllib.parse.urlsplit(box)
        self.spool, self.source, self.token, self.minute = spool, source, token, minute
        for folder in ("open", "done", "rejected"):
            os.makedirs(os.path.join(spool, folder), exist_ok=True)
        # A life of the till: a re-installed one must not use ids again.
        self.life = self._once("life", lambda: secrets.token_hex(4))
        self.number = int(self._once("number", lambda: "0"))
        self.lock = threading.Lock()
        self.wake = threading.Event()
        self.answered = threading.Condition()
        threading.Thread(target=self._send_for_ever, daemon=True).start()

    def hand_in(self, kind, data):
        """Keeps a document and sends it; waits two seconds at most. True if
        the box has answered by then."""
        with self.lock:
            self.number += 1
            self._write("number", str(self.number))
            day = time.strftime("%Y-%m-%d")
            name = f"{self.number:09d}.json"
            event = {
                "specversion": "1.0",
                "type": kind,
                "source": self.source,
                "id": f"{self.life}-{day}-{self.source.rsplit(':', 1)[-1]}-{self.number}",
                "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "data": dict(data, business_day=day, sequence=self.number),
            }
            self._write(os.path.join("open", name), json.dumps({"at": time.time(), "event": event}))
        self.wake.set()
        path = os.path.join(self.spool, "open", name)
        with self.answered:
            return self.answered.wait_for(lambda: not os.path.exists(path), WAIT_SECONDS)

    def open_documents(self):
        """Documents the box has not answered."""
        return sorted(name for name in os.listdir(os.path.join(self.spool, "open")) if name.endswith(".json"))

    def _send_for_ever(self):
        while True:
            wait = 0.5
            for name in self.open_documents():
                wait = self._send(name)
                if wait:
                    break
            else:
                self._let_go()
                self.wake.wait(5.0)
            if wait:
                time.sleep(wait)
            self.wake.clear()

    def _send(self, name):
        """Sends one document; the seconds to wait before the next."""
        path = os.path.join(self.spool, "open", name)
        with open(path, encoding="utf-8") as file:
            kept = json.load(file)
        event, age = kept["event"], time.time() - kept["at"]
        if age >= self.minute:
            event["data"].update(deferred=True, age_ms=int(age * 1000))
        try:
            status, retry, answer = self._post(json.dumps(event).encode())
        except (OSError, http.client.HTTPException, ValueError):
            # No answer is no answer: the box may have it or not.
            return 1.0
        if status != 200:
            return retry or 1.0
        result = (answer.get("results") or [{}])[0] if isinstance(answer, dict) else {}
        if result.get("id") != event["id"]:
            return 1.0
        folder = {"accepted": "done", "duplicate": "done", "ignored": "done", "rejected": "rejected"}
        to = folder.get(result.get("status"))
        if to is None:
            return 1.0
        if to == "rejected":
            print(f"{event['id']} was rejected: {result.get('detail')}", file=sys.stderr)
        with self.answered:
            os.replace(path, os.path.join(self.spool, to, name))
            self.answered.notify_all()
        return 0

    def _post(self, body):
        secure = self.box.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(self.box.hostname, self.box.port, timeout=WAIT_SECONDS)
        try:
            headers = {"Content-Type": "application/cloudevents+json"}
            if self.token:
                headers["Authorization"] = f"Bearer {self.token}"
            connection.request("POST", "/v1/events", body, headers)
            response = connection.getresponse()
            text = response.read()
            retry = response.getheader("Retry-After")
            retry = float(retry) if retry and retry.isdigit() else None
            return response.status, retry, json.loads(text) if response.status == 200 else None
        finally:
            connection.close()

    def _let_go(self):
        done = os.path.join(self.spool, "done")
        for name in os.listdir(done):
            path = os.path.join(done, name)
            if time.time() - os.path.getmtime(path) > KEEP_SECONDS:
                os.remove(path)

    def _once(self, name, make):
        try:
            with open(os.path.join(self.spool, name), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            self._write(name, make())
            return self._once(name, make)

    def _write(self, name, text):
        """On disk before anything else happens."""
        path = os.path.join(self.spool, name)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(path + ".new", path)


def main():
    arguments = argparse.ArgumentParser(description="Rings up receipts and hands them in.")
    arguments.add_argument("--box", default="http://127.0.0.1:8380")
    arguments.add_argument("--spool", default="spool")
    arguments.add_argument("--till", default="till:1")
    arguments.add_argument("--token")
    arguments.add_argument("--receipts", type=int, default=1)
    arguments.add_argument("--minute", type=float, default=60.0, help="seconds after which a document is deferred")
    arguments.add_argument("--within", type=float, default=300.0, help="seconds until all must be answered")
    told = arguments.parse_args()
    till = Till(told.box, told.spool, told.till, told.token, told.minute)
    for _ in range(told.receipts):
        began = time.monotonic()
        till.hand_in("tidemark.sale", {"lines": [{"item": "4006381333931", "quantity": 1}]})
        print(f"the receipt took {time.monotonic() - began:.3f} s", flush=True)
    end = time.monotonic() + told.within
    while till.open_documents() and time.monotonic() < end:
        time.sleep(0.2)
    return 1 if till.open_documents() else 0


if __name__ == "__main__":
    sys.exit(main())
