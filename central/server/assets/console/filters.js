// Which shops are shown, and in which order. All of it stands in the address,
// so that a view can be sent to somebody.

import { SYNC } from "./words.js";

const quiet = (row) => row.last_hour.length >= 15 && !row.last_hour.some((count) => count > 0);

export const IS = {
  planned: { word: "planned", holds: (row) => row.state === "planned" },
  closed: { word: "closed", holds: (row) => row.state === "closed" },
  no_sale: { word: "no sale yet", holds: (row) => row.state === "open" && row.committed === 0 },
  silent: {
    word: "till silent while neighbours sell",
    holds: (row, fleet) => row.silent_tills > 0 || (quiet(row) && fleet.selling.has(row.region)),
  },
  unknown_codes: { word: "unknown codes", holds: (row) => row.unknown_codes },
  no_basis: { word: "basis none", holds: (row) => row.no_basis },
  parked: { word: "parked lines", holds: (row) => row.parked > 0 },
  lost: { word: "unsigned losses", holds: (row) => row.lost_unsigned > 0 },
  books_differ: { word: "books differ", holds: (row) => row.digest === "differs" },
  trouble: { word: "any condition", holds: (row) => row.conditions.length > 0 },
  old_version: { word: "older version", holds: (row, fleet) => row.agent_version !== "" && row.agent_version !== fleet.version },
};

const RANK = { offline: 0, behind: 1, catching_up: 2, in_sync: 3, never_seen: 4, asleep: 5 };

// How bad it is. A movement that is on its way for a moment is no trouble, so
// that the order does not change with every sale.
export function badness(row) {
  if (row.state !== "open") return 60;
  let rank = RANK[row.sync] ?? 2;
  if (rank === 2 && (row.oldest_pending_seconds ?? 0) < 15) rank = 3;
  if (rank === 0) rank = row.conditions.length > 0 ? 0 : 1;
  const troubled = rank < 3 || row.conditions.length === 0 ? 5 : 0;
  return rank * 10 + troubled;
}

export const SORTS = {
  worst: { word: "worst first", key: badness },
  store: { word: "shop", key: () => 0 },
  region: { word: "region", key: (row) => row.region },
  backlog: { word: "largest backlog", key: (row) => -Math.max(row.pending, row.backlog) },
  oldest: { word: "oldest unsent", key: (row) => -(row.oldest_pending_seconds ?? 0) },
  version: { word: "version", key: (row) => row.agent_version },
};

export function compare(a, b) {
  if (a.key < b.key) return -1;
  if (a.key > b.key) return 1;
  return a.store < b.store ? -1 : a.store > b.store ? 1 : 0;
}

const listed = (text, known) => (text ?? "").split(",").filter((word) => known(word));

export function read(search) {
  const given = new URLSearchParams(search);
  return {
    q: given.get("q") ?? "",
    sync: listed(given.get("sync"), (word) => word in SYNC),
    is: listed(given.get("is"), (word) => word in IS),
    region: given.get("region") ?? "",
    code: given.get("code") ?? "",
    sort: given.get("sort") in SORTS ? given.get("sort") : "worst",
  };
}

export function write(filter) {
  const given = new URLSearchParams();
  if (filter.q) given.set("q", filter.q);
  if (filter.sync.length) given.set("sync", filter.sync.join(","));
  if (filter.is.length) given.set("is", filter.is.join(","));
  if (filter.region) given.set("region", filter.region);
  if (filter.code) given.set("code", filter.code);
  if (filter.sort !== "worst") given.set("sort", filter.sort);
  const text = given.toString().replaceAll("%2C", ",");
  return text ? `/?${text}` : "/";
}

// What single rows are compared with.
export function around(rows) {
  const versions = new Map();
  const selling = new Set();
  for (const row of rows) {
    if (row.agent_version) versions.set(row.agent_version, (versions.get(row.agent_version) ?? 0) + 1);
    if (row.last_hour.some((count) => count > 0)) selling.add(row.region);
  }
  const parts = (version) => version.split(/[.+-]/).map((part) => Number.parseInt(part, 10) || 0);
  const newest = [...versions.keys()].sort((a, b) => {
    const [x, y] = [parts(a), parts(b)];
    for (let at = 0; at < Math.max(x.length, y.length); at += 1) if ((x[at] ?? 0) !== (y[at] ?? 0)) return (y[at] ?? 0) - (x[at] ?? 0);
    return 0;
  });
  return { version: newest[0] ?? "", selling };
}

export function matches(row, filter, fleet) {
  if (filter.region && row.region !== filter.region) return false;
  if (filter.sync.length && !filter.sync.includes(row.sync)) return false;
  if (filter.code && !row.conditions.some((told) => told.code === filter.code)) return false;
  if (!filter.is.every((word) => IS[word].holds(row, fleet))) return false;
  if (!filter.q) return true;
  const text = `${row.store} ${row.name} ${row.region}`.toLowerCase();
  return filter.q.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}
