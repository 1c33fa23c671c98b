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
  throw new Problem(answer.status, body ?? {});
}

export function get(path) {
  return call(path, {});
}

export function send(method, path, body, type = "application/json") {
  const text = type === "application/json" ? JSON.stringify(body) : body;
  return call(path, { method, body: text, headers: { "content-type": type } });
}

// Who asks. Whoever reaches the page may do what the centre lets them.
export function session() {
  return { user: null };
}

export function may() {
  return true;
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
