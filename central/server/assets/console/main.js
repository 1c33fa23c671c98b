// The frame around the pages: where to go, whether it is live, light or dark.

import { html, nothing, render } from "./lit-html.js";
import { learn, may, onSession, session, signOut } from "./api.js";
import { fleet } from "./fleet-data.js";
import * as fleetPage from "./fleet.js";
import * as shopPage from "./shop.js";
import * as lettersPage from "./dead-letters.js";
import * as codesPage from "./unknown-codes.js";
import * as transfersPage from "./transfers.js";
import * as itemsPage from "./items.js";
import * as cataloguePage from "./catalogue.js";
import * as instructionsPage from "./instructions.js";
import * as auditPage from "./audit.js";
import * as peoplePage from "./people.js";
import * as signInPage from "./sign-in.js";

const THEME = "tidemark.theme";
const PAGES = [
  { at: /^\/$/, page: fleetPage, name: "Fleet", to: "/" },
  { at: /^\/shops\/([^/]+)$/, page: shopPage, name: "Shop" },
  { at: /^\/dead-letters$/, page: lettersPage, name: "Dead letters", to: "/dead-letters" },
  { at: /^\/unknown-codes$/, page: codesPage, name: "Unknown codes", to: "/unknown-codes" },
  { at: /^\/items(?:\/([^/]+))?$/, page: itemsPage, name: "Items", to: "/items" },
  { at: /^\/transfers$/, page: transfersPage, name: "Transfers", to: "/transfers" },
  { at: /^\/catalogue$/, page: cataloguePage, name: "Catalogue", to: "/catalogue" },
  { at: /^\/instructions$/, page: instructionsPage, name: "Instructions", to: "/instructions" },
  { at: /^\/audit$/, page: auditPage, name: "Audit", to: "/audit", needs: "operator" },
  { at: /^\/people$/, page: peoplePage, name: "People", to: "/people", needs: "admin" },
  { at: /^\/sign-in$/, page: signInPage, name: "Sign in" },
];

const app = document.getElementById("app");
let leave = null;
let shown = null;

function theme() {
  const kept = localStorage.getItem(THEME);
  return kept === "light" || kept === "dark" ? kept : "auto";
}

function dress() {
  const kept = theme();
  if (kept === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = kept;
}

function nextTheme() {
  const order = ["auto", "light", "dark"];
  localStorage.setItem(THEME, order[(order.indexOf(theme()) + 1) % order.length]);
  dress();
  frame();
}

const STATES = {
  loading: ["idle", "connecting"],
  live: ["good", "live"],
  lost: ["bad", "not connected; what is shown may be old"],
};

// On the centre's own machine nobody has to sign in, and anybody may.
function who() {
  const { user, role } = session();
  if (user) return html`<span>${user} <span class="quiet">${role}</span></span> <button type="button" class="plain" @click=${leaveSession}>Sign out</button>`;
  return shown?.page === signInPage ? nothing : html`<a href="/sign-in">Sign in</a>`;
}

async function leaveSession() {
  await signOut().catch(() => learn());
  fleet.restart();
  open();
}

function frame() {
  const [tone, word] = STATES[fleet.state];
  render(html`
    <a class="skip" href="#main">To the content</a>
    <header>
      <a class="brand" href="/">Tidemark</a>
      <nav aria-label="Pages">${PAGES.filter((page) => page.to && (!page.needs || may(page.needs))).map((page) => html`<a href=${page.to} aria-current=${page === shown ? "page" : "false"}>${page.name}</a>`)}</nav>
      <span class="mark ${tone}" id="live">${word}</span>
      <button type="button" class="plain" @click=${nextTheme}>theme: ${theme()}</button>
      ${who()}
      <a href="/docs">API</a>
    </header>
    <main id="main" tabindex="-1"></main>`, app);
}

function open() {
  leave?.();
  if (session().role === null && location.pathname !== "/sign-in") {
    history.replaceState(null, "", `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
  }
  const found = PAGES.map((page) => [page, page.at.exec(location.pathname)]).find(([, match]) => match);
  shown = found?.[0] ?? null;
  document.title = shown ? `Tidemark: ${shown.name}` : "Tidemark";
  frame();
  const main = document.getElementById("main");
  const root = document.createElement("div");
  main.replaceChildren(root);
  if (!shown) {
    render(html`<h1>Not found</h1><p>There is no page here. <a href="/">Fleet</a></p>`, root);
    leave = null;
    return;
  }
  const parts = found[1].slice(1).map((part) => (part === undefined ? undefined : decodeURIComponent(part)));
  leave = shown.page.show(root, { parts, go });
}

export function go(to) {
  history.pushState(null, "", to);
  open();
  window.scrollTo(0, 0);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const to = new URL(link.href);
  const own = to.origin === location.origin && PAGES.some((page) => page.at.test(to.pathname));
  if (!own || link.target || link.hasAttribute("download") || link.getAttribute("href").startsWith("#")) return;
  event.preventDefault();
  go(to.pathname + to.search);
});
window.addEventListener("popstate", open);
fleet.addEventListener("state", () => {
  frame();
  // Refused for good, perhaps because the session is over.
  if (fleet.state === "lost") learn();
});
dress();
await learn();
onSession(() => {
  frame();
  if (session().role === null && location.pathname !== "/sign-in") open();
});
if (session().role !== null) fleet.start();
open();
