// The fleet page: one snapshot, then patches of the rows that changed.
"use strict";

const rows = new Map();
const body = document.getElementById("rows");
const search = document.getElementById("search");
const summary = document.getElementById("summary");

const SYNC = {
  in_sync: ["good", "in sync"],
  catching_up: ["warn", "catching up"],
  behind: ["warn", "behind"],
  offline: ["bad", "offline"],
  asleep: ["idle", "asleep"],
  never_seen: ["idle", "never seen"],
};
const BOOKS = { match: ["good", "match"], differs: ["bad", "differ"], unknown: ["idle", "unknown"] };
const WORST = ["offline", "behind", "catching_up", "in_sync", "asleep", "never_seen"];

function age(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}

function cell(row, text, className) {
  const td = document.createElement("td");
  td.textContent = text;
  if (className) td.className = className;
  row.append(td);
}

function marked(row, [className, word]) {
  cell(row, word, `mark ${className}`);
}

function draw(store) {
  const row = document.createElement("tr");
  cell(row, store.store);
  marked(row, SYNC[store.sync] ?? ["warn", store.sync]);
  cell(row, store.pending.toLocaleString(), "number");
  cell(row, age(store.oldest_pending_seconds), "number");
  cell(row, store.seen_at ? new Date(store.seen_at).toLocaleTimeString() : "never");
  cell(row, store.committed.toLocaleString(), "number");
  cell(row, store.parked.toLocaleString(), "number");
  cell(row, store.lost.toLocaleString(), store.lost_unsigned > 0 ? "number mark bad" : "number");
  marked(row, BOOKS[store.digest] ?? BOOKS.unknown);
  const troubles = store.conditions.length;
  marked(row, troubles === 0 ? ["good", "ok"] : ["warn", store.conditions.map((c) => c.code).join(", ")]);
  row.dataset.text = `${store.store} ${(SYNC[store.sync] ?? [])[1] ?? ""}`.toLowerCase();
  return row;
}

function matches(row) {
  return row.dataset.text.includes(search.value.trim().toLowerCase());
}

function order(a, b) {
  const byState = WORST.indexOf(a.store.sync) - WORST.indexOf(b.store.sync);
  return byState || a.store.store.localeCompare(b.store.store);
}

function take(stores) {
  let moved = false;
  for (const store of stores) {
    const held = rows.get(store.store);
    const row = draw(store);
    row.hidden = !matches(row);
    if (held) {
      moved ||= held.store.sync !== store.sync;
      held.row.replaceWith(row);
    } else {
      moved = true;
    }
    rows.set(store.store, { store, row });
  }
  if (moved) body.replaceChildren(...[...rows.values()].sort(order).map((entry) => entry.row));
  tell();
}

function tell() {
  const all = [...rows.values()].map((entry) => entry.store);
  const count = (sync) => all.filter((store) => store.sync === sync).length;
  const pending = all.reduce((sum, store) => sum + store.pending, 0);
  const parts = [`${all.length.toLocaleString()} shops`, `${count("in_sync")} in sync`];
  for (const sync of ["catching_up", "behind", "offline"]) {
    if (count(sync) > 0) parts.push(`${count(sync)} ${SYNC[sync][1]}`);
  }
  parts.push(`${pending.toLocaleString()} movements on their way`);
  summary.textContent = parts.join(" · ");
  document.getElementById("empty").hidden = all.length === 0 || [...rows.values()].some((e) => !e.row.hidden);
}

search.addEventListener("input", () => {
  for (const { row } of rows.values()) row.hidden = !matches(row);
  tell();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== search) {
    event.preventDefault();
    search.focus();
  }
});

const stream = new EventSource("/v1/fleet/stream");
stream.addEventListener("snapshot", (event) => {
  rows.clear();
  take(JSON.parse(event.data).stores);
  if (rows.size === 0) tell();
});
stream.addEventListener("patch", (event) => take(JSON.parse(event.data).stores));
stream.addEventListener("error", () => {
  summary.textContent = "Not connected to the centre; what is shown may be old. Trying again…";
});
