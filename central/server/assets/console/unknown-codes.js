// Unknown codes: what was scanned and stands in no catalogue. Sales went on;
// what a code is, is decided here.

import { html, nothing, render } from "./lit-html.js";
import { get, may, send, session } from "./api.js";
import { number, plural, time } from "./words.js";

const DECISIONS = {
  map: { text: "It is this item", path: "/v1/suspense:map" },
  untracked: { text: "No stock is kept of it", path: "/v1/suspense:untracked" },
  ignore: { text: "Do not list it any more", path: "/v1/suspense:ignore" },
};

export function show(root) {
  let codes = null;
  let next = null;
  let problem = null;
  let open = null;
  let decision = "map";
  let said = null;

  const decide = async (event, code) => {
    event.preventDefault();
    const form = new FormData(event.target);
    const text = (name) => (form.get(name) ?? "").trim();
    const wanted = { code, author: session().user ?? text("author"), reason: text("reason") };
    if (text("sku")) wanted.sku = text("sku");
    if (text("units")) wanted.units_per_scan = text("units");
    try {
      await send("POST", DECISIONS[decision].path, wanted);
      said = { tone: "good", text: `${code}: ${DECISIONS[decision].text.toLowerCase()}${wanted.sku ? ` (${wanted.sku})` : ""}. The boxes are told.` };
      open = null;
      await load(null);
    } catch (error) {
      said = { tone: "bad", text: `${error.message}. ${error.remedy}` };
      draw();
    }
  };
  const form = (code) => html`<form class="card" @submit=${(event) => decide(event, code)}>
    <label>What it is <select @change=${(event) => ((decision = event.target.value), draw())}>${Object.entries(DECISIONS).map(([word, { text }]) => html`<option value=${word} ?selected=${word === decision}>${text}</option>`)}</select></label>
    ${decision === "map" ? html`<label>SKU <input name="sku" required autocomplete="off"></label><label>Base units in one scan <input name="units" inputmode="decimal" placeholder="1"></label>` : nothing}
    ${session().user ? nothing : html`<label>Your name <input name="author" required autocomplete="name"></label>`}
    <label>Why <input name="reason" required maxlength="1024" autocomplete="off"></label>
    <button class="primary">Decide</button></form>`;
  const line = (told) => html`<li><p><b>${told.code}</b> <span class="mark warn">${plural(told.lines, "line")}</span> ${told.packs} packs in ${plural(told.stores.length, "shop")}
      <span class="quiet">${told.stores.slice(0, 5).map((one) => one.store).join(", ")}${told.stores.length > 5 ? "…" : ""}</span>, last ${time(told.last_seen)}
      ${may("operator") ? html`<button type="button" aria-expanded=${open === told.code} @click=${() => ((open = open === told.code ? null : told.code), draw())}>Decide ${told.code}…</button>` : nothing}</p>
    ${open === told.code ? form(told.code) : nothing}</li>`;
  const draw = () => render(html`<h1>Unknown codes</h1>
    <p class="quiet">Sold, received or counted under a code that no item has. When a code is mapped, each box takes its lines over to the item.</p>
    <div role="status">${said ? html`<p class="notice ${said.tone}">${said.text}</p>` : nothing}</div>
    ${problem ? html`<p class="notice bad" role="alert">${problem.message}. ${problem.remedy}</p>` : nothing}
    ${codes === null ? html`<p class="quiet" role="status">Loading…</p>` : codes.length === 0 ? html`<p><span class="mark good">every code is known</span></p>` : html`<ul class="letters">${codes.map(line)}</ul><p class="quiet">${number(codes.length)} shown.</p>`}
    ${next ? html`<button type="button" @click=${() => load(next)}>More</button>` : nothing}`, root);
  const load = async (token) => {
    const query = new URLSearchParams({ page_size: "100" });
    if (token) query.set("page_token", token);
    try {
      const told = await get(`/v1/suspense?${query}`);
      codes = [...(token ? codes : []), ...told.codes];
      next = told.next_page_token ?? null;
      problem = null;
    } catch (error) {
      problem = error;
      codes ??= [];
    }
    draw();
  };
  draw();
  load(null);
  return () => {};
}
