// The box's pages in headless Chromium: with and without scripts, in two
// languages, as wide as a phone and as a desk. axe-core must find nothing on
// any of them; `--screens FOLDER` keeps pictures.
// `./dev test` runs it; TIDEMARK_BROWSER_MODULES is where axe-core and
// playwright-core lie, as it fetched them.
//
//   node tests/browser/box.mjs --edge PROGRAM [--chromium PROGRAM] [--screens FOLDER]
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const option = (name, usual) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? usual : process.argv[at + 1];
};
const edge = option("--edge", process.env.TIDEMARK_EDGE);
const screens = option("--screens");
const executablePath = option("--chromium", process.env.CHROMIUM ?? "/usr/bin/chromium");
if (!edge) throw new Error("give the box's program by --edge");
const modules = process.env.TIDEMARK_BROWSER_MODULES;
if (!modules) throw new Error("TIDEMARK_BROWSER_MODULES is not set: `./dev test` fetches what is needed and sets it");
const load = createRequire(join(modules, "node_modules", "here.js"));
const { chromium } = load("playwright-core");
const AXE = readFileSync(load.resolve("axe-core/axe.min.js"), "utf8");
const PHONE = { width: 375, height: 720 };
const DESK = { width: 1100, height: 800 };
const HANG_MS = 30_000;

let failures = 0;
const check = (holds, what) => {
  if (!holds) {
    failures += 1;
    console.error(`FAILED: ${what}`);
  }
};

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

const until = async (what, look) => {
  for (const end = Date.now() + HANG_MS; Date.now() < end; await new Promise((go) => setTimeout(go, 50))) {
    if (await look().catch(() => false)) return;
  }
  throw new Error(`it took too long: ${what}`);
};

// A shop with two scanners: one that is there and was used, one that is not.
const folder = mkdtempSync(join(tmpdir(), "tidemark-browser-"));
const hex = (text) => Buffer.from(`${text}\r`).toString("hex");
const scans = ["]E04006381333931", "]C1010400638133393110LOT7\u001d17270131", "]C0BADGE-77123", "]E04006381333932"];
writeFileSync(
  join(folder, "counter.capture"),
  `tidemark-capture 1\nkind serial\n${scans.map((scan, at) => `${at * 500} = ${hex(scan)}\n`).join("")}`,
);
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
writeFileSync(
  join(folder, "edge.toml"),
  `store = "S0001"\ndata = "${join(folder, "data")}"\nhttp.address = "127.0.0.1:${port}"\n
[[scanner]]\npath = "counter.capture"\nkind = "replay"\nlane = "counter"\n
[[scanner]]\npath = "pci-0000:00:14.0-usb-0:2"\nlane = "goods-in"\n
[[lane]]\nname = "counter"\nmode = "receive"\n
[[lane]]\nname = "goods-in"\nmode = "receive"\n
[[lane]]\nname = "till-3"\nrole = "till"\n`,
);
const config = ["--config", join(folder, "edge.toml")];
mkdirSync(join(folder, "data"));
const pin = spawnSync(edge, ["pin", "set", ...config], { input: "4711\n", encoding: "utf8" });
check(pin.status === 0, `the PIN is set: ${pin.stderr}`);
let box = spawn(edge, ["run", ...config], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
let log = "";
box.stderr.on("data", (text) => (log += text));
const stop = () => new Promise((done) => (box.once("exit", done), box.kill()));

const submit = async (id, type, data) => {
  const event = { specversion: "1.0", type: `tidemark.${type}`, source: "till:1", id, data };
  const answer = await fetch(`${url}/v1/events`, {
    method: "POST",
    headers: { "content-type": "application/cloudevents+json" },
    body: JSON.stringify(event),
  });
  check(answer.status === 200, `${id} is taken`);
};

// Pages with what has to stand there, in English and German.
const pages = [
  { name: "box", path: "/", en: "Everything is saved", de: "Alles ist gespeichert" },
  { name: "scan-test", path: "/scan-test", en: "Scan test", de: "Scantest" },
  { name: "documents", path: "/documents", en: "Documents", de: "Belege" },
  { name: "undo", path: "/documents/undo?source=till:1&id=a-1", en: "PIN of this box", de: "PIN dieser Box" },
  { name: "handhelds", path: "/h", en: "Handheld", de: "Handgerät" },
  { name: "handheld", path: "/h/goods-in", en: "Scan or type a code", de: "Code scannen oder tippen" },
  { name: "pair", path: "/pair", en: "Let a till or handheld in", de: "Kasse oder Handgerät zulassen" },
  { name: "join", path: "/join", en: "The six digits that the box shows", de: "Die sechs Ziffern, die die Box zeigt" },
  { name: "sheet", path: "/sheet", en: "Commands for scanners", de: "Befehle für Scanner" },
];
const shown = new Set(["box", "scan-test", "handheld", "documents"]);
const address = (path, language) => `${url}${path}${path.includes("?") ? "&" : "?"}language=${language}`;

const violations = async (page, what) => {
  await page.evaluate(AXE);
  const told = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
    return violations.map(({ id, help, nodes }) => `${id}: ${help} (${nodes.map((node) => node.target).join(" ")})`);
  });
  for (const one of told) check(false, `${what}: ${one}`);
};

const picture = async (page, name) => {
  if (screens) await page.screenshot({ path: join(screens, `${name}.png`), fullPage: true });
};

try {
  if (screens) mkdirSync(screens, { recursive: true });
  await until("the box", async () => (await fetch(`${url}/livez`)).ok);
  await submit("a-1", "sale", { lines: [{ item: "4006381333931", quantity: 2 }], sequence: 1 });
  await submit("a-2", "receipt", { lines: [{ item: "96385074", quantity: 12 }], reference: "PO-4711" });
  await submit("a-3", "day_close", { business_day: "2026-11-27", documents: 3, units: 9 });
  await until("all scans", async () => (await (await fetch(`${url}/scan-test`)).text()).includes("4. "));
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  for (const javaScriptEnabled of [true, false]) {
    for (const [width, viewport] of Object.entries({ phone: PHONE, desk: DESK })) {
      for (const language of ["en", "de"]) {
        const context = await browser.newContext({ viewport, javaScriptEnabled, locale: language });
        const page = await context.newPage();
        const faults = [];
        page.on("pageerror", (error) => faults.push(error.message));
        page.on("console", (line) => line.type() === "error" && faults.push(line.text()));
        for (const { name, path, ...words } of pages) {
          const what = `${name} ${language} ${width} ${javaScriptEnabled ? "with" : "without"} scripts`;
          // Without scripts a page may load anew while it is read.
          const text = await (await page.goto(address(path, language))).text();
          check(text.includes(words[language]), `${what}: "${words[language]}" is missing`);
          if (javaScriptEnabled) {
            const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
            check(!wide, `${what}: the page is wider than the screen`);
            await violations(page, what);
          }
          if (shown.has(name) && width === "phone") {
            await picture(page, `${name}-${language}-phone${javaScriptEnabled ? "" : "-no-scripts"}`);
          }
          if (name === "box" && width === "desk" && language === "en" && javaScriptEnabled) await picture(page, "box-en-desk");
        }
        check(faults.length === 0, `scripts of ${language} ${width}: ${faults.join("; ")}`);
        await context.close();
      }
    }
  }

  // A handheld works without scripts: a code, then the page says so.
  const plain = await (await browser.newContext({ viewport: PHONE, javaScriptEnabled: false })).newPage();
  await plain.goto(address("/h/goods-in", "de"));
  await plain.fill("input[name=code]", "]E04006381333931");
  await plain.keyboard.press("Enter");
  await plain.getByText("gespeichert, nicht im Katalog").first().waitFor({ timeout: HANG_MS });

  // Dark screens are readable, too.
  const dark = await (await browser.newContext({ viewport: PHONE, colorScheme: "dark" })).newPage();
  await dark.goto(address("/", "en"));
  await violations(dark, "box in the dark");

  // The page follows the box: what comes is shown, and that it is gone.
  const live = await (await browser.newContext({ viewport: DESK })).newPage();
  await live.goto(address("/", "en"));
  await submit("a-4", "sale", { lines: [{ item: "live-item", quantity: 1 }] });
  // A condition may name it, too, if its look at the journal falls here.
  await live.getByRole("cell", { name: "live-item" }).first().waitFor({ timeout: HANG_MS });
  await stop();
  await live.getByText("This box does not answer").first().waitFor({ timeout: HANG_MS });
  await violations(live, "box that is gone");
  check(!(await live.content()).includes("Everything is saved"), "what was once true is not shown");
  box = spawn(edge, ["run", ...config], { cwd: folder, stdio: "ignore" });
  await live.getByText("Everything is saved").first().waitFor({ timeout: HANG_MS });
  await browser.close();
} catch (error) {
  check(false, `${error.stack}\n${log}`);
} finally {
  await stop();
  rmSync(folder, { recursive: true, force: true });
}
console.log(failures === 0 ? "the box's pages: all well" : `the box's pages: ${failures} failures`);
process.exit(failures === 0 ? 0 : 1);
