// The catalogue and other lists of head office: files that are taken whole or
// not at all, with the faults by line.

import { html, nothing, render } from "./lit-html.js";
import { may, send } from "./api.js";
import { number, plural } from "./words.js";

const KINDS = [
  { name: "catalogue", path: "/v1/catalogue:import", title: "Catalogue", columns: "sku,name,unit,barcode,units_per_scan,price_minor,currency,price_from,tracked,parts,assortments", taken: (told) => `Version ${told.version}: ${plural(told.items, "item")}, ${plural(told.codes, "code")}. The boxes fetch it now.` },
  { name: "stores", path: "/v1/stores:import", title: "Shops", columns: "store,name,region,time_zone,language,state,opening_hours,assortment", taken: (told) => `${plural(told.stores, "shop")} taken.` },
  { name: "stock", path: "/v1/stock:open", title: "Opening stock", columns: "store,sku,quantity", taken: (told) => `${plural(told.instructions.length, "instruction")} to the boxes.` },
];
const SHOWN = 200;

export function show(root) {
  const state = new Map(KINDS.map((kind) => [kind.name, {}]));

  const take = async (kind, event) => {
    event.preventDefault();
    const file = new FormData(event.target).get("file");
    if (!file || file.size === 0) return;
    state.set(kind.name, { busy: true });
    draw();
    try {
      state.set(kind.name, { told: kind.taken(await send("POST", kind.path, await file.text(), "text/csv")) });
    } catch (problem) {
      state.set(kind.name, { problem });
    }
    draw();
  };
  const fault = (told) => html`<tr><td class="number">${told.line ?? "–"}</td><td>${told.column ?? "–"}</td><td>${told.detail ?? told.message ?? JSON.stringify(told)}</td></tr>`;
  const card = (kind) => {
    const { busy, told, problem } = state.get(kind.name);
    return html`<section aria-labelledby=${kind.name}><h2 id=${kind.name}>${kind.title}</h2>
      <form class="card" @submit=${(event) => take(kind, event)}>
        <p class="quiet">CSV with a header: <code>${kind.columns}</code>. All of it is taken or nothing.</p>
        <label>File <input type="file" name="file" accept=".csv,text/csv" required></label>
        <button ?disabled=${busy || !may("operator")}>${busy ? "Reading…" : "Import"}</button>${may("operator") ? nothing : html` <span class="quiet">An operator may.</span>`}
        <div role="status">${told ? html`<p class="notice good">${told}</p>` : nothing}
        ${problem ? html`<p class="notice bad">${problem.message}. ${problem.remedy}</p>` : nothing}</div>
        ${problem?.errors.length ? html`<table><caption>${plural(problem.errors.length, "fault")}${problem.errors.length > SHOWN ? `, the first ${number(SHOWN)}` : ""}</caption><thead><tr><th scope="col" class="number">Line</th><th scope="col">Column</th><th scope="col">What is wrong</th></tr></thead><tbody>${problem.errors.slice(0, SHOWN).map(fault)}</tbody></table>` : nothing}
      </form></section>`;
  };
  const draw = () => render(html`<h1>Catalogue</h1>${KINDS.map(card)}`, root);
  draw();
  return () => {};
}
