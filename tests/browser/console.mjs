// The console in a real browser. Run by a test in tests/e2e, which has started
// a centre with 750 shops: what is to happen to them is asked of it, a line of
// JSON on stdout, answered by a line on stdin.

import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import readline from "node:readline";

const centre = process.argv[2];
const shops = Number(process.argv[3]);
const modules = process.env.TIDEMARK_BROWSER_MODULES;
const screens = process.env.TIDEMARK_SCREENS;
if (!modules) throw new Error("TIDEMARK_BROWSER_MODULES is not set: run this by `./dev test`");
const load = createRequire(path.join(modules, "node_modules", "x.js"));
const { chromium } = load("playwright-core");
const axe = fs.readFileSync(load.resolve("axe-core/axe.min.js"), "utf8");

// For what takes long on a busy machine; a hang limit, no figure.
const HANG = 60_000;
const began = Date.now();
const answers = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function ask(what, more = {}) {
  process.stdout.write(`${JSON.stringify({ ask: what, ...more })}\n`);
  const { value } = await answers.next();
  return value;
}

function say(text) {
  process.stdout.write(`${((Date.now() - began) / 1000).toFixed(1)} s: ${text}\n`);
}

const browser = await chromium.launch({
  executablePath: process.env.TIDEMARK_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
const errors = [];

async function tab(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(HANG);
  const page = await context.newPage();
  page.on("pageerror", (error) => errors.push(`${page.url()}: ${error.message}`));
  page.on("console", (message) => {
    // A call that is refused on purpose is no fault of the page.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) errors.push(`${page.url()}: ${message.text()}`);
  });
  return page;
}

async function picture(page, name) {
  if (screens) await page.screenshot({ path: path.join(screens, `${name}.png`) });
}

async function accessible(page, what) {
  const session = await page.context().newCDPSession(page);
  await session.send("Runtime.evaluate", { expression: axe });
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const told = violations.map((one) => `${one.id}: ${one.help}\n  ${one.nodes.map((node) => node.html.slice(0, 200)).slice(0, 3).join("\n  ")}`);
  assert.deepEqual(told, [], `${what} is not accessible`);
  await session.detach();
}

const rows = (page) => page.locator("#rows > .row");

async function rowsAre(page, count) {
  await page.waitForFunction((wanted) => document.querySelectorAll("#rows > .row").length === wanted, count, { timeout: HANG });
}

// The fleet: all shops, filters in the address, views, a spreadsheet.
async function fleetIsShown() {
  const page = await tab();
  await page.goto(centre);
  await rowsAre(page, shops);
  await page.waitForFunction((count) => document.querySelector(".summary").textContent.includes(`${count} in sync`), shops);
  await page.keyboard.press("/");
  await page.keyboard.type("s0007");
  await rowsAre(page, 1);
  assert.match(page.url(), /\?q=s0007$/);
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: /S0007/ }).waitFor();
  await page.goBack();
  await rowsAre(page, 1);
  await page.goto(`${centre}/?region=West&is=parked`);
  await rowsAre(page, 0);
  await page.getByText("No shop matches.").waitFor();
  await page.getByRole("button", { name: "parked lines" }).click();
  await rowsAre(page, shops / 5);
  assert.match(page.url(), /\/\?region=West$/);
  await page.getByRole("button", { name: "Save view" }).click();
  await page.getByLabel("Name").fill("<b>mine</b>");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "CSV" }).click()]);
  const lines = fs.readFileSync(await download.path(), "utf8").split("\r\n");
  assert.equal(lines.length, shops / 5 + 1);
  assert.ok(lines[0].startsWith("store,name,region,"));
  await accessible(page, "the fleet");
  await page.getByRole("button", { name: "All shops" }).click();
  await rowsAre(page, shops);
  await page.getByRole("link", { name: "<b>mine</b>" }).click();
  await rowsAre(page, shops / 5);
  await page.getByRole("button", { name: /^theme/ }).click();
  await page.getByRole("button", { name: "theme: light" }).click();
  await page.getByRole("button", { name: "theme: dark" }).waitFor();
  await accessible(page, "the fleet in the dark");
  await page.goto(centre);
  await rowsAre(page, shops);
  await picture(page, "fleet-dark");
  await page.context().close();
  say("the fleet is shown, filtered, kept and exported");
}

// A region's provider fails: one line, from there to its shops.
async function aRegionIsCut(page) {
  const line = page.locator(".incident");
  await page.waitForFunction(() => document.querySelector(".incident")?.textContent.includes("South"), null, { timeout: HANG });
  await page.waitForFunction((count) => document.querySelector(".incident").textContent.includes(`${count} of ${count} shops in South`), shops / 5, { timeout: HANG });
  assert.equal(await line.count(), 1, "one cause is one line");
  await picture(page, "incident");
  await line.getByRole("link").click();
  await rowsAre(page, shops / 5);
  assert.equal(await rows(page).first().getByText("offline").count(), 1);
  await rows(page).first().getByRole("link").click();
  await page.getByText("What to do:").waitFor();
  await picture(page, "shop-offline");
  await accessible(page, "a shop that is offline");
  say("a region that is cut is one incident");
  await ask("heal", { region: "South" });
  await page.goto(centre);
  await page.getByText("nothing is wrong").waitFor();
  say("and it is over when the line is back");
  await page.context().close();
}

async function aShopIsShown() {
  const page = await tab({ viewport: { width: 820, height: 1180 } });
  await page.goto(`${centre}/shops/S0002`);
  await page.getByText("balances").waitFor();
  const newest = page.getByRole("region", { name: "Table of the newest movements" });
  await newest.getByRole("rowheader").first().waitFor();
  assert.match(await newest.getByRole("link").first().getAttribute("href"), /^\/items\/.+\?shop=S0002$/);
  await accessible(page, "a shop on a tablet");
  await picture(page, "shop");
  await page.goto(`${centre}/shops/nowhere`);
  await page.getByText("there is no store nowhere").waitFor();
  await page.context().close();
  say("a shop is shown, and one that is not there");
}

async function otherPagesAreShown() {
  const page = await tab();
  await page.goto(`${centre}/catalogue`);
  const file = page.locator("form", { hasText: "sku,name" });
  await file.getByLabel("File").setInputFiles({ name: "c.csv", mimeType: "text/csv", buffer: Buffer.from("sku,name\nA-1,<img src=x onerror=alert(1)>\nA-1\n") });
  await file.getByRole("button", { name: "Import" }).click();
  await file.getByRole("cell", { name: "3", exact: true }).waitFor();
  await accessible(page, "the catalogue with faults");
  await picture(page, "catalogue-faults");
  await page.goto(`${centre}/items/${encodeURIComponent("<script>alert(1)</script>")}`);
  await page.getByRole("alert").waitFor();
  const sku = await ask("sku");
  await page.goto(`${centre}/items/${encodeURIComponent(sku)}`);
  await page.getByRole("rowheader", { name: "S0001" }).waitFor();
  await accessible(page, "an item");
  await picture(page, "item");
  await page.goto(`${centre}/items/${encodeURIComponent(sku)}?shop=S0001`);
  await page.getByRole("heading", { name: /Movements in S0001/ }).waitFor();
  await page.goto(`${centre}/instructions`);
  await page.getByRole("heading", { name: "Instructions" }).waitFor();
  await accessible(page, "instructions");
  await page.goto(`${centre}/dead-letters`);
  await page.getByRole("heading", { name: "Dead letters" }).waitFor();
  await accessible(page, "dead letters");
  await page.context().close();
  say("the other pages are shown, markup in a name is text");
}

// Three people with other rights, and somebody who guesses.
async function peopleSignIn() {
  const secret = "a long pass phrase";
  for (const [name, role] of [["vera", "viewer"], ["olaf", "operator"]]) await ask("user", { name, role, password: secret });
  const page = await tab();
  const signIn = async (name, password) => {
    await page.goto(`${centre}/sign-in?next=${encodeURIComponent("/catalogue")}`);
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
  };
  await signIn("vera", "not the pass phrase");
  await page.getByText("the name or the password is wrong").waitFor();
  await accessible(page, "signing in");
  await picture(page, "sign-in");
  await signIn("vera", secret);
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  await page.getByText("vera viewer").waitFor();
  assert.equal(await page.getByRole("button", { name: "Import" }).first().isDisabled(), true);
  assert.equal(await page.getByRole("link", { name: "Audit" }).count(), 0);
  const told = (path, options) => page.evaluate(async ([to, how]) => (await fetch(to, how)).status, [path, options]);
  const file = { method: "POST", headers: { "content-type": "text/csv" }, body: "store,name,region\nS0001,Shop 1,South\n" };
  const word = await page.evaluate(async () => (await (await fetch("/v1/session")).json()).csrf);
  assert.equal(await told("/v1/stores:import", { ...file, headers: { ...file.headers, "x-csrf-token": word } }), 403, "a viewer may not import");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("link", { name: "Sign in" }).waitFor();
  await signIn("olaf", secret);
  await page.getByText("olaf operator").waitFor();
  assert.equal(await told("/v1/stores:import", file), 403, "a cookie without the word changes nothing");
  const cookies = await page.context().cookies();
  const kept = cookies.find((cookie) => cookie.name === "tidemark_session");
  assert.deepEqual([kept.httpOnly, kept.sameSite], [true, "Strict"]);
  const stores = page.locator("form", { hasText: "store,name" }).first();
  await stores.getByLabel("File").setInputFiles({ name: "s.csv", mimeType: "text/csv", buffer: Buffer.from(file.body) });
  await stores.getByRole("button", { name: "Import" }).click();
  await page.getByText("1 shop taken.").waitFor();
  await page.getByRole("link", { name: "Audit" }).click();
  await page.getByRole("cell", { name: "stores.import" }).first().waitFor();
  await page.getByRole("cell", { name: "olaf operator" }).first().waitFor();
  await accessible(page, "the audit");
  await picture(page, "audit");
  await page.context().close();
  say("people sign in and do what they may, and it is noted");
}

// Letters that are alike are repaired together, in three clicks.
async function lettersAreRepaired() {
  await ask("poison");
  const page = await tab();
  const repair = page.getByRole("button", { name: /^Repair .*…$/ }).first();
  for (const end = Date.now() + HANG; Date.now() < end; ) {
    await page.goto(`${centre}/dead-letters`);
    await page.locator("h2", { hasText: "Alike" }).waitFor();
    if (await page.getByText("3 letters").first().isVisible({ timeout: 500 }).catch(() => false)) break;
    await page.waitForTimeout(300);
  }
  await picture(page, "dead-letters");
  let clicks = 0;
  const click = async (target) => ((clicks += 1), target.click());
  await click(repair);
  await page.getByLabel("What to do").selectOption("discard");
  await page.getByLabel("Your name").fill("Ana");
  await page.getByLabel("Why").fill("<b>tried</b> '; DROP TABLE stores; --");
  await click(page.getByRole("button", { name: "Look what it does to 3 letters" }));
  await page.getByText("3 letters would be repaired").waitFor();
  await accessible(page, "a repair");
  await picture(page, "repair");
  await click(page.getByRole("button", { name: "Repair 3 letters" }));
  await page.getByText("Repaired: 3 of 3").waitFor();
  assert.equal(clicks, 3);
  await page.goto(`${centre}/audit?action=letters.repair`);
  await page.getByRole("cell", { name: "<b>tried</b> '; DROP TABLE stores; --" }).waitFor();
  await page.context().close();
  say("letters are repaired in three clicks");
}

// Thousands of rows that live. The time of a tick is told, not judged.
async function thousandsLive() {
  const all = Number(await ask("crowd"));
  const page = await tab();
  await page.goto(centre);
  await rowsAre(page, all);
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const spent = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    const of = (name) => metrics.find((metric) => metric.name === name).value;
    return 1000 * (of("ScriptDuration") + of("LayoutDuration") + of("RecalcStyleDuration"));
  };
  const ticks = () => page.evaluate(() => new Promise((done) => {
    let left = 5;
    const heard = new BroadcastChannel("tidemark-fleet");
    heard.addEventListener("message", () => ((left -= 1), left === 0 && (heard.close(), done())));
  }));
  const before = await spent();
  await ticks();
  say(`${all} rows live: ${((await spent()) - before).toFixed(0)} ms of script, style and layout in 5 ticks`);
  await page.keyboard.press("/");
  await page.keyboard.type("s4999");
  await rowsAre(page, 1);
  await page.context().close();
}

try {
  await fleetIsShown();
  await ask("cut", { region: "South" });
  const watched = await tab();
  await watched.goto(centre);
  await aShopIsShown();
  await otherPagesAreShown();
  await peopleSignIn();
  await lettersAreRepaired();
  await aRegionIsCut(watched);
  await thousandsLive();
  assert.deepEqual(errors, [], "the page has no errors");
  say("done");
} finally {
  await browser.close();
}
process.exit(0);
