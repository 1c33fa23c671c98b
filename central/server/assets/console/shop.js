// One shop: the way of its movements, what is wrong in words, the proof of its
// books, who speaks to its box.

import { html, nothing, render } from "./lit-html.js";
import { conditions, get } from "./api.js";
import { fleet } from "./fleet-data.js";
import { spark } from "./fleet-rows.js";
import { BOOKS, SEVERITY, SYNC, age, mebibytes, number, plural, seen, time } from "./words.js";

const EVERY = 3000;
// So many of its newest movements, days and instructions are shown.
const MOVEMENTS = 20;
const DAYS = 7;
const ASKED = 10;

function hop(name, value, note) {
  return html`<li><span class="quiet">${name}</span><b>${value}</b><span class="quiet">${note}</span></li>`;
}

function way(shop) {
  const waits = shop.stream?.waiting;
  const inBox = Math.min(shop.backlog, shop.pending);
  return html`<section aria-labelledby="way"><h2 id="way">The way of its movements</h2><ol class="hops">
    ${hop("committed in the shop", number(shop.committed), "on its disk")}
    ${hop("waits in the box", number(inBox), shop.oldest_pending_seconds === null ? "nothing is old" : `oldest ${age(shop.oldest_pending_seconds)}`)}
    ${hop("on the line and in the stream", number(Math.max(0, shop.pending - inBox)), `partition ${shop.stream?.partition ?? "–"}`)}
    ${hop("the applier is behind by", waits === null || waits === undefined ? "unknown" : number(waits), waits === null ? "the stream does not answer" : "records of that partition")}
    ${hop("applied, readable", number(shop.applied), shop.gaps > 0 ? `${plural(shop.gaps, "gap")} below` : "no gap below")}
  </ol></section>`;
}

function proof(shop) {
  const sum = shop.applied + shop.parked + shop.pending + shop.lost;
  const books = BOOKS[shop.digest] ?? BOOKS.unknown;
  const holds = sum === shop.committed;
  return html`<section aria-labelledby="proof"><h2 id="proof">Proof of the books</h2>
    <p class="sum"><b>${number(shop.committed)}</b> committed = <b>${number(shop.applied)}</b> applied + <b>${number(shop.parked)}</b> parked + <b>${number(shop.pending)}</b> on their way + <b>${number(shop.lost)}</b> lost
      <span class="mark ${holds ? "good" : "bad"}">${holds ? "balances" : `differs by ${number(shop.committed - sum)}`}</span></p>
    <p>Digests of box and head office: <span class="mark ${books.tone}">${books.word}</span>.
      ${shop.parked > 0 ? html`<a href=${`/dead-letters?store=${encodeURIComponent(shop.store)}`}>What is parked</a>` : nothing}
      ${shop.late > 0 ? html` ${number(shop.late)} came after their box was replaced and count for nothing.` : nothing}</p>
    ${(shop.losses ?? []).length > 0 ? html`<table><caption>Lost positions</caption><thead><tr><th scope="col">Epoch</th><th scope="col">Positions</th><th scope="col">Why</th><th scope="col">Named</th><th scope="col">Signed</th></tr></thead>
      <tbody>${shop.losses.map((loss) => html`<tr><td>${loss.epoch}</td><td>${loss.first}–${loss.last}</td><td>${loss.cause}</td><td>${time(loss.named_at)}</td><td>${loss.signed ? `${loss.signed.author}: ${loss.signed.reason}` : "not yet"}</td></tr>`)}</tbody></table>` : nothing}</section>`;
}

function troubles(shop, known) {
  const line = (told) => {
    const about = known?.get(told.code);
    const { tone, word } = SEVERITY[about?.severity] ?? SEVERITY.warning;
    return html`<li><p><span class="mark ${tone}">${word}</span> <b>${about?.title ?? told.code}</b> <span class="quiet">${told.code}</span></p><p>${told.detail}</p>
      ${about ? html`<p class="quiet">${about.effect}</p><p><b>What to do:</b> ${about.remedy}</p>` : nothing}</li>`;
  };
  return html`<section aria-labelledby="conditions"><h2 id="conditions">Conditions</h2>
    ${shop.conditions.length === 0 ? html`<p><span class="mark good">none</span></p>` : html`<ul class="conditions">${shop.conditions.map(line)}</ul>`}</section>`;
}

function machine(shop) {
  const box = shop.box;
  if (!box) return html`<section aria-labelledby="box"><h2 id="box">Box</h2><p class="quiet">It was never heard.</p></section>`;
  const share = box.disk_total_mib > 0 ? Math.round((100 * (box.disk_total_mib - box.disk_free_mib)) / box.disk_total_mib) : null;
  const till = (told) => html`<tr><th scope="row">${told.source}</th><td class="number">${number(told.documents)}</td><td>${told.heard_seconds === null ? "never spoke" : `${age(told.heard_seconds)} before the box was seen`}</td></tr>`;
  const scanner = (told) => html`<tr><th scope="row">${told.lane}</th><td>${told.path}</td><td><span class="mark ${told.present ? "good" : "bad"}">${told.present ? "answers" : "unplugged"}</span></td><td class="number">${number(told.scans)}</td></tr>`;
  return html`<section aria-labelledby="box"><h2 id="box">Box</h2>
    <dl><dt>Release</dt><dd>${shop.agent_version || "–"}</dd><dt>System</dt><dd>${box.system || "–"}</dd><dt>Running for</dt><dd>${age(box.ran_seconds)}</dd>
      <dt>Disk</dt><dd>${share === null ? "–" : `${share} % full, ${mebibytes(box.disk_free_mib)} free`}</dd><dt>Journal</dt><dd>${mebibytes(box.journal_mib)}</dd>
      <dt>Memory</dt><dd>${mebibytes(box.memory_mib)}</dd><dt>Line</dt><dd>${box.metered ? "paid by volume" : "not metered"}</dd><dt>Catalogue</dt><dd>${shop.catalogue > 0 ? `version ${shop.catalogue}` : "none"}</dd></dl>
    </section><section aria-labelledby="tills"><h2 id="tills">Tills</h2>
    ${box.tills.length === 0 ? html`<p class="quiet">No till has spoken to it.</p>` : html`<table><thead><tr><th scope="col">Till</th><th scope="col" class="number">Documents</th><th scope="col">Heard</th></tr></thead><tbody>${box.tills.map(till)}</tbody></table>`}
    </section><section aria-labelledby="devices"><h2 id="devices">Devices</h2>
    ${box.scanners.length === 0 ? html`<p class="quiet">No scanner is configured.</p>` : html`<table><thead><tr><th scope="col">Lane</th><th scope="col">Port</th><th scope="col">State</th><th scope="col" class="number">Scans</th></tr></thead><tbody>${box.scanners.map(scanner)}</tbody></table>`}</section>`;
}

function days(found) {
  const line = (day) => html`<tr><th scope="row">${day.business_day}</th><td><span class="mark ${day.complete ? "good" : "warn"}">${day.complete ? "complete" : "not complete"}</span></td>
    <td class="number">${number(day.tills.reduce((sum, till) => sum + till.documents, 0))}</td><td>${day.open.length > 0 ? html`<ul>${day.open.map((words) => html`<li>${words}</li>`)}</ul>` : "–"}</td></tr>`;
  return html`<section aria-labelledby="days"><h2 id="days">Business days</h2>
    ${found.length === 0 ? html`<p class="quiet">No till has named a business day yet.</p>` : html`<table><thead><tr><th scope="col">Day</th><th scope="col">State</th><th scope="col" class="number">Documents</th><th scope="col">What is missing</th></tr></thead><tbody>${found.map(line)}</tbody></table>`}</section>`;
}

function asked(found) {
  const line = (one) => html`<tr><td>${time(one.created_at)}</td><td>${one.kind.replaceAll("_", " ")}</td><td>${one.author}: ${one.reason}</td><td>${one.state}${one.answer ? html`<span class="quiet"> ${one.answer}</span>` : nothing}</td></tr>`;
  return html`<section aria-labelledby="asked"><h2 id="asked">What head office changed or asked for</h2>
    ${found.length === 0 ? html`<p class="quiet">Nothing.</p>` : html`<div class="scroll" tabindex="0" role="region" aria-label="Table of what head office asked for"><table><thead><tr><th scope="col">When</th><th scope="col">What</th><th scope="col">Who and why</th><th scope="col">State</th></tr></thead><tbody>${found.map(line)}</tbody></table></div>`}</section>`;
}

function latest(store, found) {
  const item = (one) => (one.sku ? html`<a href=${`/items/${encodeURIComponent(one.sku)}?shop=${encodeURIComponent(store)}`}>${one.sku}</a>` : html`${one.code ?? "–"} <span class="quiet">unknown code</span>`);
  const line = (one) => html`<tr><td>${time(one.time)}</td><td>${one.kind}</td><th scope="row">${item(one)}</th><td class="number">${number(one.effect)}</td><td class="number">${one.on_hand_after === null ? "–" : number(one.on_hand_after)}</td><td>${one.source}</td><td>${one.marks.join(", ") || "–"}</td></tr>`;
  return html`<section aria-labelledby="latest"><h2 id="latest">Newest movements</h2>
    ${found.length === 0 ? html`<p class="quiet">Nothing has arrived yet.</p>` : html`<div class="scroll" tabindex="0" role="region" aria-label="Table of the newest movements"><table><thead><tr><th scope="col">Box's clock</th><th scope="col">Kind</th><th scope="col">Item</th><th scope="col" class="number">Effect</th><th scope="col" class="number">On hand after</th><th scope="col">From</th><th scope="col">Marks</th></tr></thead><tbody>${found.map(line)}</tbody></table></div>`}</section>`;
}

export function show(root, { parts: [store] }) {
  let shop = null;
  let known = null;
  let problem = null;
  let lists = { days: [], instructions: [], movements: [] };
  let stopped = false;
  let timer = 0;

  const draw = () => {
    if (stopped) return;
    if (!shop) {
      render(html`<p><a href="/">Fleet</a></p><h1>${store}</h1>${problem ? html`<p class="notice bad">${problem.message}. ${problem.remedy}</p>` : html`<p class="quiet" role="status">Loading…</p>`}`, root);
      return;
    }
    const live = { ...shop, ...(fleet.rows.get(store) ?? {}), gaps: shop.gaps };
    const { tone, word } = SYNC[live.sync] ?? { tone: "warn", word: live.sync };
    render(html`
      <p><a href="/">Fleet</a></p>
      <h1>${live.store} ${live.name === live.store ? nothing : html`<span class="quiet">${live.name}</span>`}</h1>
      <p class="facts"><span class="mark ${live.state === "open" ? tone : "idle"}">${live.state === "open" ? word : `${live.state}, ${word}`}</span>
        <span>seen ${seen(live.seen_at)}</span>${live.region ? html`<a href=${`/?region=${encodeURIComponent(live.region)}`}>${live.region}</a>` : nothing}<span class="quiet">${live.time_zone}${live.opening_hours ? `, open ${live.opening_hours}` : ""}${live.assortment ? `, assortment ${live.assortment}` : ""}</span>
        <span>last hour ${live.last_hour.length ? spark(live.last_hour) : "–"}</span></p>
      ${problem ? html`<p class="notice bad">${problem.message}; what is shown is of before.</p>` : nothing}
      ${way(live)}${troubles(live, known)}${proof(live)}${latest(store, lists.movements)}${days(lists.days)}${asked(lists.instructions)}<div class="two">${machine(live)}</div>`, root);
  };
  const load = async () => {
    try {
      const at = `/v1/stores/${encodeURIComponent(store)}`;
      const [told, about, ...found] = await Promise.all([
        get(at),
        conditions(),
        get(`${at}/movements?page_size=${MOVEMENTS}`),
        get(`${at}/days?page_size=${DAYS}`),
        get(`/v1/instructions?store=${encodeURIComponent(store)}&page_size=${ASKED}`),
      ]);
      [shop, known] = [told, about];
      lists = Object.assign({}, ...found);
      problem = null;
    } catch (error) {
      problem = error;
    }
    draw();
    if (!stopped && problem?.status !== 404) timer = setTimeout(load, EVERY);
  };
  const changed = ({ detail: { changed: stores, all } }) => {
    if (all || stores.includes(store)) draw();
  };
  fleet.addEventListener("change", changed);
  fleet.start();
  draw();
  load();
  return () => {
    stopped = true;
    clearTimeout(timer);
    fleet.removeEventListener("change", changed);
  };
}
