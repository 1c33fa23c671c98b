// How numbers, ages and states are said. A state is a shape, a colour and a
// word, so that none of them alone carries it.

export const SYNC = {
  offline: { tone: "bad", word: "offline" },
  behind: { tone: "warn", word: "behind" },
  catching_up: { tone: "busy", word: "catching up" },
  in_sync: { tone: "good", word: "in sync" },
  asleep: { tone: "idle", word: "asleep" },
  never_seen: { tone: "idle", word: "never seen" },
};
export const BOOKS = {
  match: { tone: "good", word: "match" },
  differs: { tone: "bad", word: "differ" },
  unknown: { tone: "idle", word: "not compared" },
};
export const SEVERITY = {
  critical: { tone: "bad", word: "critical" },
  warning: { tone: "warn", word: "warning" },
  info: { tone: "idle", word: "note" },
};

const NUMBER = new Intl.NumberFormat("en");

export function number(value) {
  return value === null || value === undefined ? "–" : NUMBER.format(value);
}

// A price in minor units of its currency, digit by digit.
export function money(minor, currency) {
  const { maximumFractionDigits } = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions();
  const digits = String(Math.abs(minor)).padStart(maximumFractionDigits + 1, "0");
  const at = digits.length - maximumFractionDigits;
  return `${minor < 0 ? "−" : ""}${digits.slice(0, at)}${maximumFractionDigits ? `.${digits.slice(at)}` : ""} ${currency}`;
}

export function plural(count, one, many = `${one}s`) {
  return `${number(count)} ${count === 1 ? one : many}`;
}

export function age(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86400)} d`;
}

// The moment of the centre's clock, which the page's may differ from.
let ahead = 0;

export function setNow(text) {
  const told = Date.parse(text);
  if (!Number.isNaN(told)) ahead = told - Date.now();
}

export function since(text) {
  return text ? sinceMs(Date.parse(text)) : null;
}

function sinceMs(at) {
  return Math.max(0, (Date.now() + ahead - at) / 1000);
}

// A box speaks every ten seconds: a younger age says nothing. Given as a time
// or as milliseconds since 1970.
export function seen(at) {
  if (!at) return "never";
  const seconds = typeof at === "number" ? sinceMs(at) : since(at);
  return seconds < 30 ? "now" : `${age(seconds)} ago`;
}

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

export function time(text) {
  if (!text) return "–";
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return text;
  return (since(text) < 72000 ? CLOCK : DAY).format(at);
}

export function mebibytes(value) {
  return value >= 10240 ? `${number(Math.round(value / 1024))} GiB` : `${number(value)} MiB`;
}
