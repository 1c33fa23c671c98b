// Calls to the centre. A problem is thrown with what it says and the remedy.

export class Problem extends Error {
  constructor(status, told) {
    super(told.detail || told.title || `the centre answered ${status}`);
    this.status = status;
    this.code = told.code ?? "";
    this.remedy = told.remedy ?? "";
    this.errors = told.errors ?? [];
  }
}

const RANKS = { viewer: 0, operator: 1, admin: 2 };
const nobody = { user: null, role: null, csrf: null, directory: false };
let known = nobody;
const listeners = new Set();

// Who is signed in, and what they may do.
export function session() {
  return known;
}

export function may(role) {
  return (RANKS[known.role] ?? -1) >= RANKS[role];
}

export function onSession(listener) {
  listeners.add(listener);
}

export async function learn() {
  known = await get("/v1/session").catch(() => nobody);
  for (const listener of listeners) listener();
  return known;
}

async function call(path, options) {
  let answer;
  try {
    answer = await fetch(path, { credentials: "same-origin", ...options });
  } catch {
    throw new Problem(0, { detail: "the centre does not answer", remedy: "look whether it runs; this page tries again" });
  }
  const type = answer.headers.get("content-type") ?? "";
  const body = type.includes("json") ? await answer.json() : null;
  if (answer.ok) return body;
  // Signed out meanwhile: the frame says so.
  if (answer.status === 401 && known.role !== null && !path.startsWith("/v1/session")) learn();
  throw new Problem(answer.status, body ?? {});
}

export function get(path) {
  return call(path, {});
}

export function send(method, path, body, type = "application/json") {
  const headers = { "content-type": type };
  if (known.csrf) headers["x-csrf-token"] = known.csrf;
  return call(path, { method, body: type === "application/json" ? JSON.stringify(body) : body, headers });
}

export async function signOut() {
  await send("DELETE", "/v1/session", {});
  await learn();
}

let registry;

// Every condition by its code, asked for once.
export async function conditions() {
  registry ??= get("/v1/conditions").then((all) => new Map(all.conditions.map((told) => [told.code, told])));
  try {
    return await registry;
  } catch (problem) {
    registry = undefined;
    throw problem;
  }
}
