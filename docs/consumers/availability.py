#!/usr/bin/env python3
"""Keeps what a web shop can sell from each shop, from the centre's changes.

    availability.py --centre http://127.0.0.1:8400 --file availability.json
    availability.py --once --show PEN-1

The file holds levels and cursor together and is replaced as a whole, so that
a consumer that is killed goes on where it was. Standard library only.
"""

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.request


class Availability:
    """Levels by store and SKU, and how far the changes are followed."""

    def __init__(self, path):
        self.path = path
        self.cursor, self.levels = "", {}
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                kept = json.load(file)
            self.cursor, self.levels = kept["cursor"], kept["levels"]

    def take(self, page):
        """Takes an answer in; the cursor counts once it is saved."""
        if "restart" in page:
            # All levels follow anew, and replace what is here.
            self.levels = {}
        for level in page["changes"]:
            key = f"{level['store']}/{level['sku']}"
            held = self.levels.get(key)
            # A level may come more than once; an older one says nothing.
            if held is None or held["version"] < level["version"]:
                self.levels[key] = {
                    name: level[name] for name in ("store", "sku", "available", "stale", "as_of", "version")
                }
        self.cursor = page["cursor"]

    def save(self):
        """Replaces the file as a whole."""
        fresh = self.path + ".new"
        with open(fresh, "w", encoding="utf-8") as file:
            json.dump({"cursor": self.cursor, "levels": self.levels}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, self.path)

    def shops_with(self, sku):
        """Where there is something to sell of an item; without a basis nobody knows."""
        of_it = [level for level in self.levels.values() if level["sku"] == sku]
        return {level["store"]: level["available"] for level in of_it if (level["available"] or 0) > 0}


def ask(centre, token, cursor, wait):
    """The next answer of the centre; tried until there is one."""
    request = urllib.request.Request(f"{centre}/v1/changes?wait={wait}&cursor={cursor}")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    while True:
        try:
            with urllib.request.urlopen(request, timeout=wait + 30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code not in (429, 503):
                raise SystemExit(f"{error.code}: {error.read().decode(errors='replace')}") from error
            time.sleep(int(error.headers.get("Retry-After", "1")))
        except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
            print(f"the centre does not answer: {error}", file=sys.stderr)
            time.sleep(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--centre", default="http://127.0.0.1:8400")
    parser.add_argument("--token", default="")
    parser.add_argument("--file", default="availability.json")
    parser.add_argument("--once", action="store_true", help="end when there is nothing more")
    parser.add_argument("--show", metavar="SKU", help="print the shops that have it, as JSON")
    options = parser.parse_args()
    kept = Availability(options.file)
    while True:
        page = ask(options.centre, options.token, kept.cursor, 0 if options.once else 25)
        kept.take(page)
        if page["changes"] or "restart" in page or not page["more"]:
            kept.save()
        if options.once and not page["more"]:
            break
    if options.show:
        print(json.dumps(kept.shops_with(options.show), sort_keys=True))


if __name__ == "__main__":
    main()
