// What head office wants of boxes, and whether they have done it.

import { html, nothing, render } from "./lit-html.js";
import { get } from "./api.js";
import { fleet } from "./fleet-data.js";
import { number, time } from "./words.js";

const EVERY = 5000;
const TONE = { waiting: "busy", done: "good", answered: "good", failed: "bad", refused: "bad" };

export function show(root) {
  let rows = null;
  let problem = null;
  let timer = 0;
  let stopped = false;

  const state = (told) => {
    const away = told.state === "waiting" && fleet.rows.get(told.store)?.sync === "offline";
    return html`<span class="mark ${TONE[told.state] ?? "idle"}">${told.state}${away ? ", its shop is offline" : ""}</span>`;
  };
  const line = (told) => html`<tr><td>${told.id}</td><td><a href=${`/shops/${encodeURIComponent(told.store)}`}>${told.store}</a></td><td>${told.kind.replaceAll("_", " ")}</td><td class="number">${number(told.lines)}</td><td>${state(told)}</td><td>${told.created_at ? time(told.created_at) : "–"}</td></tr>`;
  const draw = () => {
    if (stopped) return;
    render(html`<h1>Instructions</h1>
    <p class="quiet">They are kept until the box has answered; one whose shop is offline waits.</p>
    ${problem ? html`<p class="notice bad" role="alert">${problem.message}. ${problem.remedy}</p>` : nothing}
    ${rows === null ? html`<p class="quiet" role="status">Loading…</p>` : rows.length === 0 ? html`<p class="quiet">None yet.</p>` : html`<div class="scroll" tabindex="0" role="region" aria-label="Instructions"><table><thead><tr><th scope="col">Id</th><th scope="col">Shop</th><th scope="col">What</th><th scope="col" class="number">Lines</th><th scope="col">State</th><th scope="col">Since</th></tr></thead><tbody>${rows.map(line)}</tbody></table></div>`}`, root);
  };
  const load = async () => {
    try {
      rows = (await get("/v1/instructions?page_size=500")).instructions;
      problem = null;
    } catch (error) {
      problem = error;
    }
    draw();
    if (!stopped) timer = setTimeout(load, EVERY);
  };
  draw();
  load();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
