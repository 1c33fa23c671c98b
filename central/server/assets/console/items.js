// One item: its quantity by shop and how old that is; how it came about in one
// of them.

import { html, nothing, render } from "./lit-html.js";
import { get } from "./api.js";
import { money, number, plural, seen, time } from "./words.js";

function quantity(value) {
  return value === null || value === undefined ? "unknown" : number(value);
}

export function show(root, { parts: [sku], go }) {
  const store = new URLSearchParams(location.search).get("shop");
  let item = null;
  let listed = null;
  let moves = null;
  let next = null;
  let problem = null;

  const find = (event) => {
    event.preventDefault();
    const wanted = new FormData(event.target).get("sku").trim();
    if (wanted) go(`/items/${encodeURIComponent(wanted)}`);
  };
  const price = ({ minor, currency, from }) => html`<li>${money(minor, currency)}${from ? html` <span class="quiet">from ${from.replace("T", " ")}, by each shop's clock</span>` : nothing}</li>`;
  const code = (told) => html`<li>${told.code}${told.units_per_scan === 1 ? nothing : html` <span class="quiet">${number(told.units_per_scan)} in a scan</span>`}</li>`;
  const part = (told) => html`<li><a href=${`/items/${encodeURIComponent(told.sku)}`}>${told.sku}</a> <span class="quiet">× ${number(told.quantity)}</span></li>`;
  const list = (title, rows, draw) => (rows.length ? html`<div><h3>${title}</h3><ul>${rows.map(draw)}</ul></div>` : nothing);
  const facts = (told) => html`<section aria-labelledby="facts"><h2 id="facts">In the catalogue</h2>
    <p><b>${told.name}</b>, ${told.unit === "each" ? "by the piece" : "by weight, volume or length"}${told.tracked ? "" : ", no stock is kept"}${told.assortments.length ? `, in ${told.assortments.join(", ")}` : ", in every shop"}</p>
    <div class="columns">${list("Prices", told.prices, price)}${list("Codes", told.codes, code)}${list("Parts", told.parts, part)}</div></section>`;
  const level = (told) => html`<tr><th scope="row"><a href=${`/shops/${encodeURIComponent(told.store)}`}>${told.store}</a></th>
    <td class="number">${quantity(told.on_hand)}</td><td class="number">${quantity(told.available)}</td><td>${told.basis}</td><td class="number">${number(told.effect_sum)}</td><td>${time(told.as_of)}</td>
    <td><span class="mark ${told.stale ? "warn" : "good"}">${told.stale ? "may be old" : "fresh"}</span>, seen ${seen(told.store_seen_at)}</td>
    <td><a href=${`/items/${encodeURIComponent(sku)}?shop=${encodeURIComponent(told.store)}`}>movements<span class="heard"> in ${told.store}</span></a></td></tr>`;
  const move = (told) => html`<tr><td>${time(told.time)}</td><td>${told.kind}</td><td class="number">${number(told.effect)}</td><td class="number">${quantity(told.on_hand_after)}</td><td>${told.source} ${told.id}</td><td>${told.marks.join(", ")}</td></tr>`;
  const draw = () => render(html`
    <h1>${sku ? `Item ${sku}` : "Items"}</h1>
    <form class="bar" @submit=${find}><label>SKU <input name="sku" autocomplete="off" .value=${sku ?? ""}></label> <button>Show</button></form>
    ${problem ? html`<p class="notice bad" role="alert">${problem.message}. ${problem.remedy}</p>` : nothing}
    ${!sku ? html`<p class="quiet">Type the SKU of an item to see its stock in every shop.</p>` : nothing}
    ${item ? html`<p class="sum"><b>${quantity(item.total.on_hand)}</b> on hand in ${plural(item.stores.length, "shop")}${item.total.stores_without_basis ? html`; ${plural(item.total.stores_without_basis, "shop")} never counted it and ${item.total.stores_without_basis === 1 ? "is" : "are"} not in the sum` : nothing}</p>` : nothing}
    ${listed ? facts(listed) : nothing}
    ${moves ? html`<section aria-labelledby="moves"><h2 id="moves">Movements in ${store}, newest first</h2><div class="scroll" tabindex="0" role="region" aria-label="Movements"><table><thead><tr><th scope="col">When</th><th scope="col">What</th><th scope="col" class="number">Effect</th><th scope="col" class="number">On hand after</th><th scope="col">Document</th><th scope="col">Marks</th></tr></thead><tbody>${moves.map(move)}</tbody></table></div>
      ${next ? html`<button type="button" @click=${() => loadMoves(next)}>Older</button>` : nothing}</section>` : nothing}
    ${item ? html`<section aria-labelledby="stock"><h2 id="stock">By shop</h2><div class="scroll" tabindex="0" role="region" aria-label="Stock by shop"><table><thead><tr><th scope="col">Shop</th><th scope="col" class="number">On hand</th><th scope="col" class="number">Available</th><th scope="col">Basis</th><th scope="col" class="number">Σ effect</th><th scope="col">As of</th><th scope="col">Freshness</th><th scope="col">History</th></tr></thead><tbody>${item.stores.map(level)}</tbody></table></div></section>` : nothing}`, root);
  const failed = (error) => {
    problem = error;
    draw();
  };
  const loadMoves = async (token) => {
    const query = token ? `?page_token=${encodeURIComponent(token)}` : "";
    const told = await get(`/v1/stores/${encodeURIComponent(store)}/items/${encodeURIComponent(sku)}/movements${query}`).catch(failed);
    if (!told) return;
    moves = [...(token ? moves : []), ...told.movements];
    next = told.next_page_token ?? null;
    draw();
  };
  draw();
  if (sku) {
    get(`/v1/items/${encodeURIComponent(sku)}`).then((told) => {
      item = told;
      draw();
    }, failed);
    get(`/v1/catalogue/${encodeURIComponent(sku)}`).then((told) => {
      listed = told;
      draw();
    }, (error) => (error.status === 404 ? undefined : failed(error)));
    if (store) loadMoves(null);
  } else {
    root.querySelector("input").focus();
  }
  return () => {};
}
