// Dead letters: what could not be applied, by its reason.

import { html, nothing, render } from "./lit-html.js";
import { get } from "./api.js";
import { number, plural, time } from "./words.js";

export function show(root, { go }) {
  const asked = new URLSearchParams(location.search);
  const [store, reason] = [asked.get("store") ?? "", asked.get("reason") ?? ""];
  let letters = null;
  let groups = [];
  let next = null;
  let problem = null;

  const address = (change) => {
    const to = new URLSearchParams(Object.entries({ store, reason, ...change }).filter(([, value]) => value));
    return to.toString() ? `/dead-letters?${to}` : "/dead-letters";
  };
  const group = (told) => html`<a class="chip" href=${address({ reason: told.reason === reason ? "" : told.reason })} aria-current=${told.reason === reason ? "true" : "false"}>${told.reason} <b>${number(told.count)}</b></a>`;
  const letter = (told) => html`<tr><td>${time(told.parked_at)}</td><td><a href=${`/shops/${encodeURIComponent(told.store)}`}>${told.store}</a></td><td>${told.reason}</td><td>${told.detail}</td><td>${told.source} ${told.id}</td>
    <td>${told.closed_at ? html`<span class="mark good">closed ${time(told.closed_at)}</span>` : html`<span class="mark warn">open</span>`}</td>
    <td>${told.raw ? html`<details><summary>as given</summary><pre>${told.raw}</pre></details>` : nothing}</td></tr>`;
  const draw = () => render(html`
    <h1>Dead letters${store ? ` of ${store}` : ""}</h1>
    <p class="quiet">Lines that could not be applied. No shop waits for them: everything else went on.</p>
    ${problem ? html`<p class="notice bad" role="alert">${problem.message}. ${problem.remedy}</p>` : nothing}
    <div class="chips" role="group" aria-label="Reasons">${groups.map(group)}</div>
    <form class="bar" @submit=${(event) => (event.preventDefault(), go(address({ store: new FormData(event.target).get("store").trim() })))}><label>Shop <input name="store" .value=${store}></label> <button>Show</button></form>
    ${letters === null ? html`<p class="quiet" role="status">Loading…</p>` : letters.length === 0 ? html`<p><span class="mark good">nothing is parked</span></p>` : html`<div class="scroll" tabindex="0" role="region" aria-label="Dead letters"><table><thead><tr><th scope="col">Parked</th><th scope="col">Shop</th><th scope="col">Reason</th><th scope="col">Detail</th><th scope="col">Document</th><th scope="col">State</th><th scope="col">Raw</th></tr></thead><tbody>${letters.map(letter)}</tbody></table></div>`}
    ${next ? html`<button type="button" @click=${() => load(next)}>More</button>` : nothing}
    ${letters?.length ? html`<p class="quiet">${plural(letters.length, "letter")} shown.</p>` : nothing}`, root);
  const load = async (token) => {
    const query = new URLSearchParams({ page_size: "200" });
    if (store) query.set("store", store);
    if (reason) query.set("reason", reason);
    if (token) query.set("page_token", token);
    try {
      const told = await get(`/v1/dead-letters?${query}`);
      letters = [...(token ? letters : []), ...told.dead_letters];
      groups = told.groups;
      next = told.next_page_token ?? null;
      problem = null;
    } catch (error) {
      problem = error;
      letters ??= [];
    }
    draw();
  };
  draw();
  load(null);
  return () => {};
}
