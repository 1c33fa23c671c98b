// The fleet as the centre tells it: one snapshot, then what changed. Of all
// tabs of a browser one holds the stream, the others listen to that one.

import { setNow } from "./words.js";

const CHANNEL = "tidemark-fleet";
// What of a row no list shows.
const UNSEEN = new Set(["store", "committed", "applied", "gaps", "late", "seen_at"]);

class Fleet extends EventTarget {
  rows = new Map();
  incidents = [];
  trouble = null;
  state = "loading";
  #channel = null;
  #source = null;

  start() {
    if (this.#channel) return;
    this.#channel = new BroadcastChannel(CHANNEL);
    this.#channel.addEventListener("message", ({ data }) => this.#heard(data));
    if (navigator.locks) {
      // Held for as long as the tab lives; another one then takes over.
      navigator.locks.request(CHANNEL, () => new Promise(() => this.#open()));
    } else {
      this.#open();
    }
    this.#channel.postMessage({ kind: "ask" });
  }

  // After sign-in or sign-out the stream is another one.
  restart() {
    if (!this.#channel) this.start();
    else if (this.#source) this.#open();
    else this.#channel?.postMessage({ kind: "again" });
  }

  #open() {
    this.#source?.close();
    this.#source = new EventSource("/v1/fleet/stream");
    for (const kind of ["snapshot", "patch"]) {
      this.#source.addEventListener(kind, (event) => {
        const data = JSON.parse(event.data);
        this.take(kind, data);
        this.#channel.postMessage({ kind, data });
      });
    }
    this.#source.addEventListener("error", () => {
      this.#is("lost");
      this.#channel.postMessage({ kind: "lost" });
      // Refused for good: try again later, with whatever right is there then.
      if (this.#source.readyState === EventSource.CLOSED) setTimeout(() => this.#open(), 5000);
    });
  }

  #heard({ kind, data }) {
    if (this.#source) {
      if (kind === "ask" && this.state === "live") {
        const all = { stores: [...this.rows.values()], incidents: this.incidents, trouble: this.trouble };
        this.#channel.postMessage({ kind: "snapshot", data: all });
      }
      if (kind === "again") this.#open();
      return;
    }
    if (kind === "lost") this.#is("lost");
    if (kind === "snapshot" || (kind === "patch" && this.state !== "loading")) this.take(kind, data);
  }

  #is(state) {
    if (this.state === state) return;
    this.state = state;
    this.dispatchEvent(new CustomEvent("state"));
  }

  take(kind, data) {
    if (data.now) setNow(data.now);
    if (kind === "snapshot") this.rows.clear();
    const changed = [];
    for (const told of data.stores ?? []) {
      let row = this.rows.get(told.store);
      if (row) Object.assign(row, told);
      else this.rows.set(told.store, (row = told));
      if ("seen_at" in told) row.seen_ms = told.seen_at ? Date.parse(told.seen_at) : 0;
      if (Object.keys(told).some((member) => !UNSEEN.has(member))) changed.push(told.store);
    }
    if (data.incidents) this.incidents = data.incidents;
    if ("trouble" in data) this.trouble = data.trouble;
    this.#is("live");
    this.dispatchEvent(new CustomEvent("change", { detail: { changed, all: kind === "snapshot" } }));
  }
}

export const fleet = new Fleet();
