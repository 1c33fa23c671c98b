// Signing in, by a name or by the company's directory, and setting a password
// by a link.

import { html, nothing, render } from "./lit-html.js";
import { learn, send, session } from "./api.js";
import { fleet } from "./fleet-data.js";

const REFUSED = {
  directory: "The directory does not answer as it should. Sign in with a local user, or try again; the centre's log says what was wrong.",
  forbidden: "The directory knows you and gives you no role of Tidemark. Ask whoever looks after it.",
  csrf: "That answer belonged to no sign-in of this browser. Try again.",
  sign_in: "The directory refused. Try again.",
};

// Only a page of ours: nobody is led elsewhere by a link.
function next() {
  const to = new URLSearchParams(location.search).get("next") ?? "/";
  const at = new URL(to, location.origin);
  return at.origin === location.origin && to.startsWith("/") ? at.pathname + at.search : "/";
}

export function show(root, { go }) {
  const link = new URLSearchParams(location.hash.slice(1)).get("link");
  const refused = new URLSearchParams(location.search).get("problem");
  let busy = false;
  let said = refused ? { tone: "bad", text: REFUSED[refused] ?? "Signing in failed. Try again." } : null;
  let set = false;

  const attempt = async (work) => {
    busy = true;
    draw();
    try {
      await work();
    } catch (problem) {
      said = { tone: "bad", text: `${problem.message}. ${problem.remedy}` };
    }
    busy = false;
    draw();
  };
  const begin = (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    attempt(async () => {
      await send("POST", "/v1/session", { user: form.get("user").trim(), password: form.get("password") });
      await learn();
      fleet.restart();
      go(next());
    });
  };
  const choose = (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    attempt(async () => {
      if (form.get("password") !== form.get("again")) {
        said = { tone: "bad", text: "The two are not the same." };
        return;
      }
      const { user } = await send("POST", "/v1/session:link", { link, password: form.get("password") });
      history.replaceState(null, "", "/sign-in");
      said = { tone: "good", text: `The password of ${user} is set. Sign in with it.` };
      set = true;
    });
  };
  const draw = () => {
    if (!root.isConnected) return;
    const notice = html`<div role="alert">${said ? html`<p class="notice ${said.tone}">${said.text}</p>` : nothing}</div>`;
    if (link && !set) {
      render(html`<h1>Choose a password</h1>${notice}<form class="card" @submit=${choose}>
        <p class="quiet">10 characters or more. The link works once.</p>
        <label>Password <input type="password" name="password" required minlength="10" autocomplete="new-password"></label>
        <label>Once more <input type="password" name="again" required minlength="10" autocomplete="new-password"></label>
        <button class="primary" ?disabled=${busy}>Set it</button></form>`, root);
      return;
    }
    render(html`<h1>Sign in</h1>${notice}<form class="card" @submit=${begin}>
      <label>Name <input name="user" required autocomplete="username" autocapitalize="none"></label>
      <label>Password <input type="password" name="password" required autocomplete="current-password"></label>
      <button class="primary" ?disabled=${busy}>Sign in</button></form>
      ${session().directory ? html`<p><a href="/v1/session/directory">Sign in by the company's directory</a></p>` : nothing}`, root);
  };
  draw();
  root.querySelector("input").focus();
  return () => {};
}
