// The rows of the fleet: all of them stand in the page, each of a fixed
// height, so that the browser lays out only those that are seen. A tick draws
// the rows whose text changed and moves those whose place did.

import { html, nothing, render, svg } from "./lit-html.js";
import { BOOKS, SYNC, age, number, seen } from "./words.js";
import { SORTS, around, compare, matches } from "./filters.js";

const WIDTH = 90;
const HEIGHT = 20;

const drawn = new WeakMap();

// Drawn once: a row's counts are another list when they change.
export function spark(counts) {
  if (counts.length === 0) return nothing;
  let known = drawn.get(counts);
  if (!known) drawn.set(counts, (known = bars(counts)));
  return known;
}

function bars(counts) {
  const most = Math.max(1, ...counts);
  const step = WIDTH / 30;
  const from = WIDTH - counts.length * step;
  let path = "";
  counts.forEach((count, at) => {
    const height = count === 0 ? 0 : Math.max(1, Math.round((count / most) * (HEIGHT - 2)));
    if (height > 0) path += `M${(from + at * step).toFixed(1)} ${HEIGHT}v-${height}h${(step - 1).toFixed(1)}v${height}z`;
  });
  const total = counts.reduce((sum, count) => sum + count, 0);
  return html`<svg class="spark" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${`${number(total)} movements in the last hour`}>${svg`<path d=${path}></path>`}</svg>`;
}

function health(row) {
  const count = row.conditions.length;
  if (row.sync === "never_seen") return html`<span class="mark idle">not known</span>`;
  if (count === 0) return html`<span class="mark good">ok</span>`;
  const more = count > 1 ? ` +${count - 1}` : "";
  return html`<span class="mark warn" title=${row.conditions.map((told) => `${told.code} ${told.detail}`).join("\n")}>${row.conditions[0].code}${more}</span>`;
}

function sync(row) {
  const { tone, word } = SYNC[row.sync] ?? { tone: "warn", word: row.sync };
  const state = row.state === "open" ? word : `${row.state}, ${word}`;
  return html`<span class="mark ${row.state === "open" ? tone : "idle"}">${state}</span>`;
}

function cells(row) {
  const books = BOOKS[row.digest] ?? BOOKS.unknown;
  const unknown = row.sync === "offline" && row.state === "open";
  return html`
    <div role="cell"><a href=${`/shops/${encodeURIComponent(row.store)}`}>${row.store}</a></div>
    <div role="cell" class="name">${row.name === row.store ? "" : row.name}</div>
    <div role="cell">${row.region}</div>
    <div role="cell">${sync(row)}</div>
    <div role="cell" class="number">${unknown && row.pending === 0 ? "unknown" : age(row.oldest_pending_seconds)}</div>
    <div role="cell" class="number">${number(Math.max(row.pending, row.backlog))}${unknown ? "?" : ""}</div>
    <div role="cell">${seen(row.seen_ms)}</div>
    <div role="cell">${health(row)}</div>
    <div role="cell"><span class="mark ${books.tone}">${books.word}</span></div>
    <div role="cell">${row.agent_version || "–"}</div>
    <div role="cell">${spark(row.last_hour)}</div>`;
}

export class Rows {
  #place;
  #fleet;
  #filter;
  #shown = new Map();
  #around = { version: "", selling: new Set() };
  count = 0;

  constructor(place, fleet, filter) {
    this.#place = place;
    this.#fleet = fleet;
    this.#filter = filter;
    this.all();
  }

  filter(filter) {
    this.#filter = filter;
    this.#order(true);
  }

  // Everything anew.
  all() {
    for (const [store, held] of this.#shown) {
      if (!this.#fleet.rows.has(store)) {
        held.element.remove();
        this.#shown.delete(store);
      }
    }
    this.change([...this.#fleet.rows.keys()], true);
  }

  // These rows changed.
  change(stores, force = false) {
    this.#around = around(this.#fleet.rows.values());
    let moved = force;
    for (const store of stores) {
      const row = this.#fleet.rows.get(store);
      const held = this.#shown.get(store) ?? this.#make(row);
      const fits = this.#fits(row);
      held.stale = true;
      if (fits && held.fits) this.#draw(held, row);
      moved ||= fits !== held.fits || this.#keyOf(row) !== held.key;
    }
    if (moved) this.#order(false);
    return moved;
  }

  // Ages grow although nothing is told.
  grow() {
    for (const [store, held] of this.#shown) {
      const row = this.#fleet.rows.get(store);
      if (row && held.fits && held.seen !== seen(row.seen_ms)) this.#draw(held, row);
    }
  }

  visible() {
    return [...this.#shown.values()].filter((held) => held.fits).sort(compare).map((held) => this.#fleet.rows.get(held.store));
  }

  #make(row) {
    const element = document.createElement("div");
    element.className = "row";
    element.setAttribute("role", "row");
    const held = { store: row.store, element, key: undefined, fits: false, stale: true, seen: "" };
    this.#shown.set(row.store, held);
    return held;
  }

  #draw(held, row) {
    held.seen = seen(row.seen_ms);
    held.stale = false;
    render(cells(row), held.element);
  }

  #keyOf(row) {
    return SORTS[this.#filter.sort].key(row);
  }

  #fits(row) {
    return matches(row, this.#filter, this.#around);
  }

  #order(scroll) {
    const wanted = [];
    for (const [store, held] of this.#shown) {
      const row = this.#fleet.rows.get(store);
      held.key = this.#keyOf(row);
      held.fits = this.#fits(row);
      if (held.fits) {
        wanted.push(held);
        if (held.stale) this.#draw(held, row);
      } else {
        held.element.remove();
      }
    }
    wanted.sort(compare);
    this.count = wanted.length;
    let next = this.#place.firstElementChild;
    for (const { element } of wanted) {
      if (next !== element && next?.nextElementSibling === element) {
        // The one that stood here has gone down: it is put in later.
        const gone = next;
        next = element;
        gone.remove();
      }
      if (next === element) next = element.nextElementSibling;
      else this.#place.insertBefore(element, next);
    }
    if (scroll) this.#place.scrollTop = 0;
  }
}
