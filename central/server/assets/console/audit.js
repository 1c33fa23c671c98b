// Who changed what, when and why.

import { html, nothing, render } from "./lit-html.js";
import { get } from "./api.js";
import { time } from "./words.js";

const FIELDS = ["who", "action", "store", "subject"];
const LABELS = { who: "Who", action: "What", store: "Shop", subject: "About" };

export function show(root, { go }) {
  const asked = new URLSearchParams(location.search);
  let rows = null;
  let next = null;
  let problem = null;

  const find = (event) => {
    event.preventDefault();
    const given = new URLSearchParams([...new FormData(event.target)].filter(([, value]) => value.trim()));
    go(given.toString() ? `/audit?${given}` : "/audit");
  };
  const detail = (told) => (told && typeof told === "object" ? JSON.stringify(told, null, 1) : `${told ?? ""}`);
  const line = (told) => html`<tr><td>${time(told.at)}</td><td>${told.who}${told.role ? html` <span class="quiet">${told.role}</span>` : nothing}</td><td>${told.action}</td>
    <td>${told.store ? html`<a href=${`/shops/${encodeURIComponent(told.store)}`}>${told.store}</a>` : "–"}</td><td>${told.subject}</td><td>${told.reason}</td>
    <td>${detail(told.detail) ? html`<details><summary>exactly<span class="heard"> ${told.action} number ${told.number}</span></summary><pre>${detail(told.detail)}</pre></details>` : nothing}</td></tr>`;
  const draw = () => render(html`<h1>Audit</h1>
    <p class="quiet">What people and programs changed through this page, the API or the command line.</p>
    <form class="bar" @submit=${find}>${FIELDS.map((name) => html`<label>${LABELS[name]} <input name=${name} .value=${asked.get(name) ?? ""} autocomplete="off"></label>`)} <button>Show</button></form>
    ${problem ? html`<p class="notice bad" role="alert">${problem.message}. ${problem.remedy}</p>` : nothing}
    ${rows === null ? html`<p class="quiet" role="status">Loading…</p>` : rows.length === 0 ? html`<p class="quiet">Nothing was changed yet.</p>` : html`<div class="scroll" tabindex="0" role="region" aria-label="Changes"><table><thead><tr><th scope="col">When</th><th scope="col">Who</th><th scope="col">What</th><th scope="col">Shop</th><th scope="col">About</th><th scope="col">Why</th><th scope="col">Detail</th></tr></thead><tbody>${rows.map(line)}</tbody></table></div>`}
    ${next ? html`<button type="button" @click=${() => load(next)}>Older</button>` : nothing}`, root);
  const load = async (token) => {
    const query = new URLSearchParams({ page_size: "200" });
    for (const name of FIELDS) if (asked.get(name)) query.set(name, asked.get(name));
    if (token) query.set("page_token", token);
    try {
      const told = await get(`/v1/audit?${query}`);
      rows = [...(token ? rows : []), ...told.audit];
      next = told.next_page_token ?? null;
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
