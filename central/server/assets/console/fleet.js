// The fleet: one row a shop, what is wrong above it.

import { html, nothing, render } from "./lit-html.js";
import { fleet } from "./fleet-data.js";
import { IS, SORTS, read, write } from "./filters.js";
import { Rows } from "./fleet-rows.js";
import { SEVERITY, SYNC, number, plural, time } from "./words.js";

const VIEWS = "tidemark.views";
const GLYPH = { bad: "■", warn: "▲", busy: "◆", good: "●", idle: "○" };
const COLUMNS = ["Shop", "Name", "Region", "Sync", "Unsent for", "Backlog", "Seen", "Health", "Books", "Version", "Last hour"];
const NUMBERS = new Set(["Unsent for", "Backlog"]);
const SHOWN_INCIDENTS = 8;

function views() {
  try {
    const kept = JSON.parse(localStorage.getItem(VIEWS) ?? "[]");
    return Array.isArray(kept) ? kept.filter((view) => typeof view.name === "string" && typeof view.at === "string") : [];
  } catch {
    return [];
  }
}

function toggled(list, word) {
  return list.includes(word) ? list.filter((other) => other !== word) : [...list, word];
}

// A text for a spreadsheet, which must not take it for a formula.
function csvCell(value) {
  const text = String(value ?? "");
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?\d+$/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function csv(rows) {
  const columns = ["store", "name", "region", "state", "sync", "oldest_pending_seconds", "backlog", "committed", "applied", "parked", "pending", "lost", "digest", "seen_at", "agent_version"];
  const lines = rows.map((row) => [...columns.map((column) => row[column]), row.conditions.map((told) => told.code).join(" ")]);
  return [[...columns, "conditions"], ...lines].map((line) => line.map(csvCell).join(",")).join("\r\n");
}

export function show(root, { go }) {
  let filter = read(location.search);
  let saving = false;
  let announced = "";
  let rows = null;

  const set = (change) => {
    filter = { ...filter, ...change };
    history.replaceState(null, "", write(filter));
    rows?.filter(filter);
    draw();
  };

  const counts = () => {
    const all = { pending: 0, sync: {}, regions: new Map() };
    for (const row of fleet.rows.values()) {
      const open = row.state === "open";
      const word = open ? row.sync : row.state;
      all.sync[word] = (all.sync[word] ?? 0) + 1;
      all.pending += row.pending;
      let region = all.regions.get(row.region);
      if (!region) all.regions.set(row.region, (region = {}));
      const tone = open ? (SYNC[row.sync]?.tone ?? "warn") : "idle";
      region[tone] = (region[tone] ?? 0) + 1;
    }
    return all;
  };

  const chips = (all) => html`<div class="chips" role="group" aria-label="Only these">
    ${Object.entries(SYNC).map(([word, { tone, word: text }]) => html`<button type="button" class="chip" aria-pressed=${filter.sync.includes(word)} @click=${() => set({ sync: toggled(filter.sync, word) })}><span class="mark ${tone}">${text}</span> <b>${number(all.sync[word] ?? 0)}</b></button>`)}
    ${Object.entries(IS).map(([word, { word: text }]) => html`<button type="button" class="chip" aria-pressed=${filter.is.includes(word)} @click=${() => set({ is: toggled(filter.is, word) })}>${text}</button>`)}
  </div>`;

  const incident = (told) => {
    const { tone, word } = SEVERITY[told.severity] ?? SEVERITY.warning;
    const [store] = told.stores;
    const to = told.stores.length === 1 ? `/shops/${encodeURIComponent(store)}` : write({ ...read(""), code: told.code, region: told.region ?? "" });
    return html`<li class="incident"><span class="mark ${tone}">${word}</span>
      <span class="what">${told.text}${told.since ? html` <span class="quiet">since ${time(told.since)}</span>` : nothing}</span>
      <a href=${to}>${told.stores.length === 1 ? `Open ${store}` : `Show ${number(told.stores.length)} shops`}</a></li>`;
  };

  const incidents = () => html`<section aria-labelledby="incidents"><h2 id="incidents">Incidents <span class="quiet">${number(fleet.incidents.length)}</span></h2>
    ${fleet.incidents.length === 0 ? html`<p class="quiet"><span class="mark good">nothing is wrong</span></p>` : html`<ul class="incidents">${fleet.incidents.slice(0, SHOWN_INCIDENTS).map(incident)}</ul>`}
    ${fleet.incidents.length > SHOWN_INCIDENTS ? html`<p class="quiet">and ${plural(fleet.incidents.length - SHOWN_INCIDENTS, "more line")}; the rows below have all.</p>` : nothing}</section>`;

  // Runs of one mark a state, worst first: a region is read at a glance.
  const region = ([name, tones]) => {
    const shops = Object.values(tones).reduce((sum, count) => sum + count, 0);
    const told = Object.keys(GLYPH).filter((tone) => tones[tone]);
    const words = { bad: "offline", warn: "behind", busy: "catching up", good: "in sync", idle: "asleep or not open" };
    const said = told.map((tone) => `${number(tones[tone])} ${words[tone]}`).join(", ");
    return html`<li><button type="button" class="region" aria-pressed=${filter.region === name} @click=${() => set({ region: filter.region === name ? "" : name })}>
      <b>${name || "no region"}</b> <span class="quiet">${number(shops)}</span> <span class="said">${said}</span>
      <span class="marks" aria-hidden="true">${told.map((tone) => html`<span class=${tone}>${GLYPH[tone].repeat(Math.min(tones[tone], 400))}</span>`)}</span></button></li>`;
  };

  const regions = (all) => html`<section aria-labelledby="regions"><h2 id="regions">Regions</h2>
    <ul class="regions">${[...all.regions].sort(([a], [b]) => (a < b ? -1 : 1)).map(region)}</ul></section>`;

  const save = (event) => {
    event.preventDefault();
    const name = new FormData(event.target).get("name").trim();
    if (name) {
      const kept = views().filter((view) => view.name !== name);
      localStorage.setItem(VIEWS, JSON.stringify([...kept, { name, at: write(filter) }]));
    }
    saving = false;
    draw();
  };
  const forget = (name) => {
    localStorage.setItem(VIEWS, JSON.stringify(views().filter((view) => view.name !== name)));
    draw();
  };
  const download = () => {
    const url = URL.createObjectURL(new Blob([csv(rows.visible())], { type: "text/csv" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = "shops.csv";
    link.click();
    URL.revokeObjectURL(url);
  };

  const bar = () => html`<div class="bar">
    <label>Search <input id="search" type="search" autocomplete="off" placeholder="/" .value=${filter.q} @input=${(event) => set({ q: event.target.value })}></label>
    <label>Order <select @change=${(event) => set({ sort: event.target.value })}>${Object.entries(SORTS).map(([word, { word: text }]) => html`<option value=${word} ?selected=${filter.sort === word}>${text}</option>`)}</select></label>
    <button type="button" @click=${download}>CSV</button>
    <button type="button" ?disabled=${write(filter) === "/"} @click=${() => go("/")}>All shops</button>
    ${saving ? html`<form class="inline" @submit=${save}><label>Name <input name="name" required maxlength="40" autocomplete="off"></label> <button>Save</button></form>` : html`<button type="button" @click=${() => ((saving = true), draw())}>Save view</button>`}
    ${views().map((view) => html`<span class="view"><a href=${view.at}>${view.name}</a><button type="button" class="plain" aria-label=${`Forget the view ${view.name}`} @click=${() => forget(view.name)}>×</button></span>`)}
    ${filter.code ? html`<span class="view">condition ${filter.code}<button type="button" class="plain" aria-label="All conditions" @click=${() => set({ code: "" })}>×</button></span>` : nothing}
    ${filter.region ? html`<span class="view">region ${filter.region}<button type="button" class="plain" aria-label="All regions" @click=${() => set({ region: "" })}>×</button></span>` : nothing}
  </div>`;

  const summary = (all) => {
    const total = fleet.rows.size;
    const parts = Object.entries(SYNC).filter(([word]) => all.sync[word]).map(([word, { word: text }]) => `${number(all.sync[word])} ${text}`);
    const shown = rows && rows.count !== total ? ` · ${number(rows.count)} shown` : "";
    return `${plural(total, "shop")}: ${parts.join(", ") || "none"} · ${number(all.pending)} movements on their way${shown}`;
  };

  const draw = () => {
    if (fleet.state === "loading") {
      render(html`<h1>Fleet</h1><p class="quiet" role="status">Loading…</p>`, root);
      return;
    }
    const all = counts();
    render(html`
      <h1>Fleet</h1>
      <p class="quiet summary">${summary(all)}</p>
      ${fleet.trouble ? html`<p class="notice bad">The database does not answer; what is shown is of before: ${fleet.trouble}</p>` : nothing}
      <p class="heard" role="status">${announced}</p>
      ${incidents()}${regions(all)}
      <h2>Shops</h2>
      ${bar()}${chips(all)}
      <div class="table" role="table" aria-label="Shops" aria-rowcount=${(rows?.count ?? 0) + 1}>
        <div role="rowgroup" class="head"><div role="row" class="row">${COLUMNS.map((column) => html`<div role="columnheader" class=${NUMBERS.has(column) ? "number" : ""}>${column}</div>`)}</div></div>
        <div role="rowgroup" id="rows"></div>
      </div>
      ${fleet.rows.size === 0 ? html`<p class="quiet">No shop yet. Import the list of shops, or let a box say hello.</p>` : nothing}
      ${rows && rows.count === 0 && fleet.rows.size > 0 ? html`<p class="quiet" id="none">No shop matches. <a href="/">All shops</a></p>` : nothing}`, root);
    if (!rows) {
      rows = new Rows(root.querySelector("#rows"), fleet, filter);
      draw();
    }
  };

  // One line for those who listen, not one a row.
  let offline = null;
  const announce = () => {
    const now = [...fleet.rows.values()].filter((row) => row.state === "open" && row.sync === "offline").length;
    if (offline !== null && now !== offline) {
      announced = now > offline ? `${plural(now - offline, "shop")} went offline` : `${plural(offline - now, "shop")} came back`;
    }
    offline = now;
  };

  const changed = ({ detail: { changed: stores, all } }) => {
    if (rows) {
      if (all) rows.all();
      else rows.change(stores);
    }
    draw();
  };
  const keys = (event) => {
    if (event.target.matches("input, select, textarea")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.key === "/") {
      event.preventDefault();
      root.querySelector("#search")?.focus();
    }
    if (event.key === "j" || event.key === "k") {
      const links = [...root.querySelectorAll("#rows .row > :first-child > a")];
      const at = links.indexOf(document.activeElement);
      const to = at < 0 ? 0 : at + (event.key === "j" ? 1 : -1);
      links[Math.max(0, Math.min(links.length - 1, to))]?.focus();
    }
  };
  fleet.addEventListener("change", changed);
  fleet.addEventListener("state", draw);
  document.addEventListener("keydown", keys);
  const timer = setInterval(() => {
    announce();
    rows?.grow();
  }, 5000);
  fleet.start();
  draw();
  announce();
  return () => {
    fleet.removeEventListener("change", changed);
    fleet.removeEventListener("state", draw);
    document.removeEventListener("keydown", keys);
    clearInterval(timer);
  };
}
