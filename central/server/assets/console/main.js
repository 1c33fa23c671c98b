// The frame around the pages: where to go, whether it is live, light or dark.

import { html, render } from "./lit-html.js";
import { fleet } from "./fleet-data.js";
import * as fleetPage from "./fleet.js";
import * as shopPage from "./shop.js";
import * as lettersPage from "./dead-letters.js";
import * as codesPage from "./unknown-codes.js";
import * as transfersPage from "./transfers.js";
import * as itemsPage from "./items.js";
import * as cataloguePage from "./catalogue.js";
import * as instructionsPage from "./instructions.js";

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

function frame() {
  const [tone, word] = STATES[fleet.state];
  render(html`
    <a class="skip" href="#main">To the content</a>
    <header>
      <a class="brand" href="/">Tidemark</a>
      <nav aria-label="Pages">${PAGES.filter((page) => page.to).map((page) => html`<a href=${page.to} aria-current=${page === shown ? "page" : "false"}>${page.name}</a>`)}</nav>
      <span class="mark ${tone}" id="live">${word}</span>
      <button type="button" class="plain" @click=${nextTheme}>theme: ${theme()}</button>
      <a href="/docs">API</a>
    </header>
    <main id="main" tabindex="-1"></main>`, app);
}

function open() {
  leave?.();
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
fleet.addEventListener("state", frame);
dress();
fleet.start();
open();
