// Who is signed in, and ending it.

import { html, nothing, render } from "./lit-html.js";
import { get, send } from "./api.js";
import { time } from "./words.js";

export function show(root) {
  let rows = null;
  let problem = null;
  let said = null;
  let stopped = false;

  const line = (told) => html`<tr><td>${told.user}</td><td>${told.role}</td><td>${time(told.began_at)}</td><td>${time(told.ends_at)}</td>
    <td><button type="button" @click=${() => end(told.user)}>Sign out<span class="heard"> ${told.user}</span></button></td></tr>`;
  const draw = () => {
    if (stopped) return;
    render(html`<h1>People</h1>
    <p class="quiet">Who is signed in. Signing somebody out ends all sessions of that name at once; to keep a person out, disable the user on the command line, or take the role away in the directory.</p>
    <div role="status">${said ? html`<p class="notice good">${said}</p>` : nothing}</div>
    ${problem ? html`<p class="notice bad" role="alert">${problem.message}. ${problem.remedy}</p>` : nothing}
    ${rows === null ? html`<p class="quiet">Loading…</p>` : rows.length === 0 ? html`<p class="quiet">Nobody is signed in.</p>` : html`<div class="scroll" tabindex="0" role="region" aria-label="Who is signed in"><table><thead><tr><th scope="col">Name</th><th scope="col">Role</th><th scope="col">Since</th><th scope="col">Until</th><th scope="col">End it</th></tr></thead><tbody>${rows.map(line)}</tbody></table></div>`}`, root);
  };
  const load = async () => {
    try {
      rows = (await get("/v1/sessions")).sessions;
      problem = null;
    } catch (error) {
      problem = error;
      rows ??= [];
    }
    draw();
  };
  const end = async (user) => {
    try {
      const { ended } = await send("POST", "/v1/sessions:end", { user });
      said = `${user} is signed out: ${ended} ${ended === 1 ? "session" : "sessions"} ended.`;
    } catch (error) {
      problem = error;
      draw();
      return;
    }
    await load();
  };
  draw();
  load();
  return () => {
    stopped = true;
  };
}
