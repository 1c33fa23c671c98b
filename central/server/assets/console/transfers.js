// Goods between shops: what is on its way since when, and differences that
// head office closes.

import { html, nothing, render } from "./lit-html.js";
import { get, may, send, session } from "./api.js";
import { age, number, plural, time } from "./words.js";

const STATES = ["in_transit", "difference", "settled"];
const TONE = { in_transit: "busy", difference: "warn", settled: "good", open: "busy" };

export function show(root, { go }) {
  const search = new URLSearchParams(location.search);
  const [state, store, reference] = [search.get("state") ?? "", search.get("store") ?? "", search.get("reference") ?? ""];
  let rows = null;
  let next = null;
  let one = null;
  let problem = null;
  let said = null;

  const address = (change) => {
    const to = new URLSearchParams(Object.entries({ state, store, reference, ...change }).filter(([, value]) => value));
    return to.toString() ? `/transfers?${to}` : "/transfers";
  };
  const close = async (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    const items = one.items.filter((item) => Number(item.in_transit) !== 0).map((item) => ({ sku: item.sku, in_transit: item.in_transit }));
    try {
      one = await send("POST", `/v1/transfers/${encodeURIComponent(reference)}:close`, { author: session().user ?? form.get("author").trim(), reason: form.get("reason").trim(), items });
      said = { tone: "good", text: `The difference of ${reference} is closed.` };
    } catch (error) {
      said = { tone: "bad", text: `${error.message}. ${error.remedy}` };
    }
    draw();
  };
  const line = (told) => html`<tr><th scope="row"><a href=${address({ reference: told.reference })}>${told.reference}</a></th><td><span class="mark ${TONE[told.state] ?? "idle"}">${told.state.replaceAll("_", " ")}</span></td>
    <td>${told.stores.map((side) => html`${side.side === "out" ? "from" : "to"} <a href=${`/shops/${encodeURIComponent(side.store)}`}>${side.store}</a> `)}</td><td class="number">${number(told.open_items)}</td><td>${age(told.age_seconds)}</td><td>${time(told.last_at)}</td></tr>`;
  const item = (told) => html`<tr><th scope="row"><a href=${`/items/${encodeURIComponent(told.sku)}`}>${told.sku}</a></th><td class="number">${told.sent}</td><td class="number">${told.received}</td><td class="number">${told.closed}</td><td class="number">${told.in_transit}</td></tr>`;
  const difference = (told) => html`<li>${told.quantity} of ${told.sku}: ${told.author}, ${time(told.closed_at)}: ${told.reason}</li>`;
  const detail = () => html`<section aria-labelledby="one"><h2 id="one">${one.reference}</h2>
    <table><thead><tr><th scope="col">Item</th><th scope="col" class="number">Sent</th><th scope="col" class="number">Received</th><th scope="col" class="number">Closed</th><th scope="col" class="number">In transit</th></tr></thead><tbody>${one.items.map(item)}</tbody></table>
    ${one.differences.length ? html`<h3>Closed differences</h3><ul>${one.differences.map(difference)}</ul>` : nothing}
    ${one.state === "difference" && may("operator") ? html`<form class="card" @submit=${close}><p>Closing takes what is missing or too much out of transit. It changes no shop's stock.</p>
      ${session().user ? nothing : html`<label>Your name <input name="author" required autocomplete="name"></label>`}
      <label>Why <input name="reason" required maxlength="1024" autocomplete="off"></label><button class="primary">Close the difference</button></form>` : nothing}</section>`;
  const draw = () => render(html`<h1>Transfers</h1>
    <p class="quiet">Goods that one shop sent and another receives. A difference opens when the last part came, or after 14 days.</p>
    <form class="bar" @submit=${(event) => (event.preventDefault(), go(address({ store: new FormData(event.target).get("store").trim(), reference: "" })))}>
      ${STATES.map((word) => html`<a class="chip" href=${address({ state: state === word ? "" : word, reference: "" })} aria-current=${state === word ? "true" : "false"}>${word.replaceAll("_", " ")}</a>`)}
      <label>Shop <input name="store" .value=${store}></label> <button>Show</button></form>
    <div role="status">${said ? html`<p class="notice ${said.tone}">${said.text}</p>` : nothing}</div>
    ${problem ? html`<p class="notice bad" role="alert">${problem.message}. ${problem.remedy}</p>` : nothing}
    ${one ? detail() : nothing}
    ${rows === null ? html`<p class="quiet" role="status">Loading…</p>` : rows.length === 0 ? html`<p class="quiet">None.</p>` : html`<div class="scroll" tabindex="0" role="region" aria-label="Transfers"><table><thead><tr><th scope="col">Reference</th><th scope="col">State</th><th scope="col">Shops</th><th scope="col" class="number">Open items</th><th scope="col">Age</th><th scope="col">Last told</th></tr></thead><tbody>${rows.map(line)}</tbody></table></div><p class="quiet">${plural(rows.length, "transfer")} shown.</p>`}
    ${next ? html`<button type="button" @click=${() => load(next)}>More</button>` : nothing}`, root);
  const load = async (token) => {
    const query = new URLSearchParams({ page_size: "200" });
    if (store) query.set("store", store);
    if (state) query.set("state", state);
    if (token) query.set("page_token", token);
    try {
      const told = await get(`/v1/transfers?${query}`);
      rows = [...(token ? rows : []), ...told.transfers];
      next = told.next_page_token ?? null;
      if (reference) one = await get(`/v1/transfers/${encodeURIComponent(reference)}`);
      problem = null;
    } catch (error) {
      problem = error;
      rows ??= [];
    }
    draw();
  };
  draw();
  load(null);
  return () => {};
}
