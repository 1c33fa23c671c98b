// Dead letters: what could not be applied, by its reason and code; repaired
// one by one or all that are alike, looked at before and followed after.

import { html, nothing, render } from "./lit-html.js";
import { get, may, send, session } from "./api.js";
import { number, plural, time } from "./words.js";

const ACTIONS = {
  map: "It is this item",
  correct: "Correct the stock of items",
  count: "Let it count as it is",
  discard: "Discard it: it changes nothing",
  apply: "Apply it with the box's own effect",
};
const EVERY = 2000;

// What people mostly want of letters of a reason.
function likely(reason) {
  if (/code|item|sku/.test(reason)) return "map";
  if (/id_reused|sheet|duplicate/.test(reason)) return "count";
  if (/undecodable|poison|late/.test(reason)) return "apply";
  return "correct";
}

function asked(form, target) {
  const given = new FormData(form);
  const text = (name) => (given.get(name) ?? "").trim();
  const action = text("action");
  const wanted = { ...target, action, reason: text("reason"), author: session().user ?? text("author") };
  if (action === "map") {
    wanted.sku = text("sku");
    if (text("units")) wanted.units_per_scan = text("units");
    if (text("quantity")) wanted.quantity = text("quantity");
  }
  if (action === "correct") wanted.lines = [{ sku: text("sku"), by: text("by") }];
  return wanted;
}

export function show(root, { go }) {
  const search = new URLSearchParams(location.search);
  const [store, reason] = [search.get("store") ?? "", search.get("reason") ?? ""];
  let groups = null;
  let letters = null;
  let next = null;
  let problem = null;
  let open = null;
  let action = null;
  let preview = null;
  let fault = null;
  let jobs = [];
  let left = 0;
  let timer = 0;
  let stopped = false;

  const address = (change) => {
    const to = new URLSearchParams(Object.entries({ store, reason, ...change }).filter(([, value]) => value));
    return to.toString() ? `/dead-letters?${to}` : "/dead-letters";
  };
  const choose = (key, of) => {
    open = open === key ? null : key;
    action = likely(of);
    preview = null;
    fault = null;
    draw();
  };
  const changed = () => {
    preview = null;
    draw();
  };
  const submit = async (event, target) => {
    event.preventDefault();
    const wanted = asked(event.target, target);
    fault = null;
    try {
      if (!preview) {
        ({ preview, left } = await send("POST", "/v1/dead-letters:repair", { ...wanted, dry_run: true }));
      } else {
        jobs = [];
        open = null;
        preview = null;
        // One job takes so many letters at most; the group is done by several.
        do {
          const begun = await send("POST", "/v1/dead-letters:repair", wanted);
          jobs.push(begun.job);
          ({ left } = begun);
          draw();
        } while (left > 0 && !stopped);
        follow();
      }
    } catch (error) {
      preview = null;
      if (jobs.length > 0 && open === null) {
        // What was begun goes on; the rest of the group is still open.
        problem = error;
        left = 0;
        follow();
      } else {
        fault = error;
      }
    }
    draw();
  };
  const follow = async () => {
    clearTimeout(timer);
    if (stopped || jobs.length === 0) return;
    jobs = await Promise.all(jobs.map((job) => (job.waiting > 0 ? get(`/v1/jobs/${job.job}`).catch(() => job) : job)));
    draw();
    if (sum("waiting") > 0) timer = setTimeout(follow, EVERY);
    else load(null);
  };
  const sum = (name) => jobs.reduce((all, job) => all + job[name], 0);
  const effects = (part) => part.effects.map((effect) => `${Number(effect.by) > 0 ? "+" : ""}${effect.by} of ${effect.sku}`).join(", ") || "no stock changes";
  const shownPreview = () => html`<div role="status"><p><b>${plural(preview.length + left, "letter")}</b> would be repaired:</p>
    <ul>${preview.slice(0, 10).map((part) => html`<li>${part.store}: ${effects(part)}${part.instruction ? ", by its box" : ""}</li>`)}${preview.length + left > 10 ? html`<li>and ${number(preview.length + left - 10)} more</li>` : nothing}</ul></div>`;
  const form = (target, count) => html`<form class="card" @submit=${(event) => submit(event, target)} @input=${changed}>
    <label>What to do <select name="action" @change=${(event) => ((action = event.target.value), changed())}>${Object.entries(ACTIONS).map(([word, text]) => html`<option value=${word} ?selected=${word === action}>${text}</option>`)}</select></label>
    ${action === "map" ? html`<label>SKU <input name="sku" required autocomplete="off"></label>
      <label>Base units in one of it <input name="units" inputmode="decimal" placeholder="1"></label>
      <label>Quantity, if it can't be read <input name="quantity" inputmode="decimal"></label>` : nothing}
    ${action === "correct" ? html`<label>SKU <input name="sku" required autocomplete="off"></label><label>By, such as -4 or 2.5 <input name="by" required inputmode="decimal"></label>` : nothing}
    ${session().user ? nothing : html`<label>Your name <input name="author" required autocomplete="name"></label>`}
    <label>Why <input name="reason" required maxlength="1024" autocomplete="off"></label>
    ${fault ? html`<p class="notice bad" role="alert">${fault.message}. ${fault.remedy} ${fault.errors.map((one) => one.why ?? (one.author ? `${one.author} has letter ${one.letter}` : `letter ${one.letter}`)).join("; ")}</p>` : nothing}
    ${preview ? shownPreview() : nothing}
    <button class="primary">${preview ? `Repair ${plural(preview.length + left, "letter")}` : `Look what it does to ${plural(count, "letter")}`}</button>
    <button type="button" @click=${() => ((open = null), draw())}>Leave it</button></form>`;
  const group = (told) => {
    const key = `${told.reason} ${told.code}`;
    const target = { group: { reason: told.reason, ...(told.code ? { code: told.code } : {}), ...(store ? { store } : {}) } };
    const free = told.count - told.waiting;
    return html`<li><p><a href=${address({ reason: told.reason === reason ? "" : told.reason })}>${told.reason}</a> ${told.code ? html`<b>${told.code}</b>` : nothing}
      <span class="mark warn">${plural(told.count, "letter")}</span> in ${plural(told.shops, "shop")}${told.stores?.length ? html` <span class="quiet">${told.stores.slice(0, 5).join(", ")}${told.shops > 5 ? "…" : ""}</span>` : nothing}, since ${time(told.since)}
      ${told.waiting > 0 ? html`<span class="mark busy">${number(told.waiting)} being repaired</span>` : nothing}
      ${may("operator") && free > 0 ? html`<button type="button" aria-expanded=${open === key} @click=${() => choose(key, told.reason)}>Repair ${told.code || told.reason}…</button>` : nothing}</p>
      ${open === key ? form(target, free) : nothing}</li>`;
  };
  const STATES = { closed: ["good", "settled"], waiting: ["busy", "being repaired"], open: ["warn", "open"] };
  const letter = (told) => {
    const [tone, word] = STATES[told.state] ?? STATES.open;
    const key = `letter ${told.number}`;
    return html`<tr><td>${time(told.parked_at)}</td><td><a href=${`/shops/${encodeURIComponent(told.store)}`}>${told.store}</a></td><td>${told.reason} ${told.code ?? ""}</td><td>${told.detail}${told.failure ? html`<br><span class="bad">the repair failed: ${told.failure}</span>` : nothing}</td><td>${told.source} ${told.id}</td>
      <td><span class="mark ${tone}">${word}</span> ${told.settled ?? ""}</td>
      <td>${told.raw ? html`<details><summary>as given<span class="heard"> in letter ${told.number}</span></summary><pre>${told.raw}</pre></details>` : nothing}
      ${may("operator") && told.state === "open" ? html`<button type="button" aria-expanded=${open === key} @click=${() => choose(key, told.reason)}>Repair<span class="heard"> letter ${told.number}</span>…</button>` : nothing}</td></tr>
      ${open === key ? html`<tr><td colspan="7">${form({ letters: [told.number] }, 1)}</td></tr>` : nothing}`;
  };
  const progress = () => html`<p class="notice ${sum("failed") > 0 ? "bad" : "good"}" role="status">${sum("waiting") > 0 || left > 0 ? `Repairing: ${number(sum("done"))} of ${number(sum("total") + left)} done` : `Repaired: ${number(sum("done"))} of ${number(sum("total"))}`}${sum("failed") > 0 ? `, ${number(sum("failed"))} failed` : ""}. ${sum("waiting") > 0 ? "A shop that is offline does its part when it is back." : ""}</p>`;
  const draw = () => {
    if (stopped) return;
    render(html`
    <h1>Dead letters${store ? ` of ${store}` : ""}</h1>
    <p class="quiet">Lines that could not be applied. No shop waits for them: everything else went on.</p>
    ${problem ? html`<p class="notice bad" role="alert">${problem.message}. ${problem.remedy}</p>` : nothing}
    ${jobs.length > 0 ? progress() : nothing}
    <form class="bar" @submit=${(event) => (event.preventDefault(), go(address({ store: new FormData(event.target).get("store").trim() })))}><label>Shop <input name="store" .value=${store}></label> <button>Show</button>${reason ? html`<a href=${address({ reason: "" })}>All reasons</a>` : nothing}</form>
    <h2>Alike</h2>
    ${groups === null ? html`<p class="quiet" role="status">Loading…</p>` : groups.length === 0 ? html`<p><span class="mark good">nothing is parked</span></p>` : html`<ul class="letters">${groups.map(group)}</ul>`}
    ${letters?.length ? html`<h2>One by one</h2><div class="scroll" tabindex="0" role="region" aria-label="Dead letters"><table><thead><tr><th scope="col">Parked</th><th scope="col">Shop</th><th scope="col">Reason</th><th scope="col">Detail</th><th scope="col">Document</th><th scope="col">State</th><th scope="col">Raw</th></tr></thead><tbody>${letters.map(letter)}</tbody></table></div>` : nothing}
    ${next ? html`<button type="button" @click=${() => load(next)}>More</button>` : nothing}`, root);
  };
  const load = async (token) => {
    const query = new URLSearchParams({ page_size: "100" });
    if (store) query.set("store", store);
    if (reason) query.set("reason", reason);
    const list = new URLSearchParams(query);
    if (token) list.set("page_token", token);
    query.set("group", "reason,code");
    query.set("state", "open");
    try {
      const [alike, told] = await Promise.all([get(`/v1/dead-letters?${query}`), get(`/v1/dead-letters?${list}`)]);
      groups = alike.groups;
      letters = [...(token ? letters : []), ...told.dead_letters];
      next = told.next_page_token ?? null;
      problem = null;
    } catch (error) {
      problem = error;
      groups ??= [];
    }
    draw();
  };
  draw();
  load(null);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
