// The review page: shows one item after the other, sends decisions, handles keys.

import { GenreSearch } from "./genre_search.js";
import { Player } from "./player.js";

const byId = (id) => document.getElementById(id);
const item = byId("item");
const filters = byId("filters");
const status = byId("status");
const player = new Player(byId("audio"), announce);
const search = new GenreSearch(byId("search"));
const STATUS_TIME = 6000;
const LEASE_INTERVAL = 5 * 60 * 1000;
const SLOW = 3000;
// Key in sessionStorage of a decision that could not be sent: it stays until it is sent or dismissed.
const UNSENT = "unsent";
const LOADING = new Set(["/next", "/open"]);
// The server was restarted: an unsent decision is sent after the new link was opened.
const SIGNED_OUT = 401;
const reviewer = document.querySelector(".who bdi").textContent;

let busy = false;
let page = 1;
let similar = -1;
let fading = 0;
let failed = null;
// The keys of the case and of the blind track shown last: skipping continues after them.
const last = { case: null, blind: null };

const article = () => item.querySelector("article");
const facts = () => article()?.dataset ?? {};
const chosenFilters = () => Object.fromEntries(new FormData(filters));

function announce(text) {
  clearTimeout(fading);
  status.classList.remove("is-old");
  status.textContent = text;
  fading = setTimeout(() => status.classList.add("is-old"), STATUS_TIME);
}

async function send(path, body) {
  const sent = { ...body, filters: chosenFilters() };
  let answer;
  try {
    answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(sent),
    });
  } catch {
    throw Object.assign(new Error("the server does not respond; is it still running?"), { canRetry: true });
  }
  // A proxy reports an unreachable server in HTML.
  const reply = await answer.json().catch(() => ({ error: `the server does not respond (${answer.status})` }));
  if (!answer.ok || reply.error) {
    throw Object.assign(new Error(reply.error), {
      canRetry: answer.ok || answer.status >= 500 || answer.status === SIGNED_OUT,
    });
  }
  return reply;
}

// Sends a request and shows the item of the reply. A decision that the server could not store is kept for a retry.
async function request(path, body) {
  if (busy) return;
  busy = true;
  item.setAttribute("aria-busy", "true");
  const slowTimer = setTimeout(() => announce("Still waiting for the server."), SLOW);
  try {
    show(await send(path, body));
    failed = null;
    if (!LOADING.has(path)) sessionStorage.removeItem(UNSENT);
    byId("error").hidden = true;
  } catch (error) {
    failed = { path, body, message: error.message };
    if (error.canRetry && !LOADING.has(path)) sessionStorage.setItem(UNSENT, JSON.stringify({ ...failed, reviewer }));
    showError(error.message, error.canRetry);
    if (!article()) showLoadFailed();
  } finally {
    clearTimeout(slowTimer);
    busy = false;
    item.setAttribute("aria-busy", "false");
  }
  if (LOADING.has(path)) offerUnsent();
}

// Offers to send an unsent decision after another item was loaded.
function offerUnsent() {
  const unsent = JSON.parse(sessionStorage.getItem(UNSENT) ?? "null");
  if (!unsent || unsent.reviewer !== reviewer) return;
  failed = unsent;
  showError("your decision is not saved yet", true);
}

// The first item could not be loaded: show a button to try again.
function showLoadFailed() {
  item.querySelector(".loading").hidden = true;
  byId("load-failed").hidden = false;
}

function showError(message, canRetry) {
  const end = /[.?!]$/.test(message) ? "" : ".";
  byId("error").querySelector("p").textContent = message[0].toUpperCase() + message.slice(1) + end;
  byId("again").hidden = !canRetry;
  byId("dismiss").textContent = canRetry ? "Dismiss" : "OK";
  byId("error").hidden = false;
}

function show(reply) {
  const before = facts();
  player.stop();
  // HTML of our own templates, which escape all values; scripts in innerHTML do not run.
  item.innerHTML = reply.html;
  similar = -1;
  const now = facts();
  if (now.kind in last) last[now.kind] = now.key;
  document.title = `${now.title} - review`;
  byId("redo").hidden = now.undone !== "yes";
  const heading = item.querySelector("h1");
  heading.focus({ preventScroll: true });
  if (before.key !== now.key) window.scrollTo(0, 0);
  const message = [reply.message, ...(reply.notes ?? []).map((note) => `${note}.`)].filter(Boolean).join(" ");
  announce(message && before.key !== now.key ? `${message} Next: ${now.title}.` : message);
  const panel = item.querySelector(".player");
  if (panel) player.show(panel, Number(now.track), byId("autoplay").checked);
  list();
}

async function list() {
  // The list of cases could reveal the tag of a blind track.
  const blind = facts().kind === "blind";
  byId("filters").hidden = blind;
  if (blind) {
    byId("case-list").replaceChildren(Object.assign(document.createElement("p"), {
      className: "quiet",
      textContent: "The cases are hidden until you answer: one of them may be about this artist.",
    }));
    return;
  }
  const query = new URLSearchParams({ ...chosenFilters(), page });
  const answer = await fetch(`/cases?${query}`).catch(() => null);
  if (!answer || !answer.ok) return;
  byId("case-list").innerHTML = (await answer.json()).html;
  for (const button of byId("case-list").querySelectorAll("[data-case]")) {
    if (button.dataset.case === facts().case) button.setAttribute("aria-current", "true");
  }
}

const seenLast = () => Object.values(last).filter(Boolean);

const scope = () =>
  (item.querySelector('[name="scope"]:checked') ?? item.querySelector('[name="scope"][type="hidden"]'))?.value;

function decide(verdict, genre) {
  const { kind, case: caseId, track, seen } = facts();
  const genreId = genre === undefined ? {} : { genre_id: Number(genre) };
  if (kind === "blind") {
    request("/judge", { track_id: Number(track), ...(genre === undefined ? { verdict } : genreId) });
  } else if (kind === "case") {
    const body = { case_id: caseId, track_id: Number(track), scope: scope(), verdict, seen: JSON.parse(seen), ...genreId };
    request("/decide", body);
  }
}

async function searchFor(verdict, title) {
  const genre = await search.ask(title);
  if (genre) decide(verdict, genre.id);
}

function otherTrack(step) {
  const buttons = [...item.querySelectorAll('.tracks [data-act="show"]')];
  const at = buttons.findIndex((button) => button.hasAttribute("aria-current"));
  buttons[at + step]?.click();
}

function playNextSimilar() {
  const buttons = [...item.querySelectorAll(".small-play:not(:disabled)")];
  if (!buttons.length) return;
  similar = (similar + 1) % buttons.length;
  buttons[similar].click();
}

function playSimilar(button) {
  const track = Number(button.dataset.track);
  if (player.track === track && player.sound) player.toggle();
  else player.load(track, { plays: true, name: button.dataset.name });
}

function toggleCases(open) {
  const cases = byId("cases");
  const opened = cases.classList.toggle("is-open", open);
  byId("open-cases").setAttribute("aria-expanded", String(opened));
  const first = cases.querySelector("select:not([hidden] *)");
  if (first && (opened || getComputedStyle(cases).display !== "none")) first.focus();
  else item.querySelector("h1")?.focus();
}

function otherScope() {
  const all = [...item.querySelectorAll('[name="scope"][type="radio"]')];
  if (!all.length) return;
  const next = all[(all.findIndex((radio) => radio.checked) + 1) % all.length];
  next.checked = true;
  announce(`Decide for ${next.nextElementSibling.textContent}.`);
}

const ACTIONS = {
  play: () => player.toggle(),
  playSimilar,
  keep: () => decide("keep"),
  accept: () => decide("accept"),
  relabel: (button) => decide("relabel", button.dataset.genre),
  search: () => searchFor("relabel", "Other genre"),
  add: () => searchFor("add", "Add a genre"),
  unsure: () => decide("unsure"),
  wrong_recording: () => decide("wrong_recording"),
  confirm: () => request("/confirm", { track_id: Number(facts().track), behind: seenLast() }),
  skip: () => {
    const { kind, key } = facts();
    request("/next", { behind: seenLast(), ...(key && kind !== "revealed" ? { after: key } : {}) });
  },
  undo: () => request("/undo", {}),
  redo: () => request("/redo", { key: facts().key }),
  show: (button) => request("/open", { case_id: facts().case, track_id: Number(button.dataset.track) }),
  case: (button) => {
    byId("cases").classList.remove("is-open");
    byId("open-cases").setAttribute("aria-expanded", "false");
    request("/open", { case_id: button.dataset.case });
  },
  page: (button) => { page = Number(button.dataset.page); list(); },
  all: () => { filters.reset(); page = 1; request("/next", {}); },
};

const KEYS = {
  " ": () => player.toggle(),
  ArrowLeft: () => player.step(-5),
  ArrowRight: () => player.step(5),
  ArrowUp: () => otherTrack(-1),
  ArrowDown: () => otherTrack(1),
  n: playNextSimilar,
  b: () => { if (facts().track) player.load(Number(facts().track), { plays: true, name: null }); },
  l: () => toggleCases(),
  c: otherScope,
  "?": () => byId("help").showModal(),
};
// Keys that press a button of the item, if it has that button.
const BUTTON_KEYS = { k: "keep", a: "accept", g: "search", d: "add", u: "unsure", w: "wrong_recording", s: "skip", z: "undo" };
const SHORTCUT = /^[a-z1-9?]$/;

function redo() {
  if (byId("redo").hidden) announce("There is no undone decision to redo.");
  else ACTIONS.redo();
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (key === "Escape" && byId("cases").classList.contains("is-open")) toggleCases(false);
  if (event.target.matches("select, input:not([type=range]):not([type=radio])")) return;
  if (SHORTCUT.test(key) && !byId("use-keys").checked) return;
  const onButton = event.target.matches("button, a, summary, input");
  if (onButton && [" ", "Enter"].includes(key)) return;
  if (event.target.matches("input") && key.startsWith("Arrow")) return;
  if (event.repeat && !key.startsWith("Arrow")) return;
  const button = /^[1-9]$/.test(key)
    ? item.querySelectorAll('[data-act="relabel"]')[Number(key) - 1]
    : item.querySelector(`.actions [data-act="${key === "k" && facts().kind === "revealed" ? "confirm" : BUTTON_KEYS[key]}"]`);
  if (key === "z" && event.shiftKey) redo();
  else if (KEYS[key]) KEYS[key]();
  else if (button) button.click();
  else if (key === "Enter" && facts().kind === "revealed") ACTIONS.skip();
  else return;
  event.preventDefault();
}

// Extends the lease of the shown item; reports another reviewer who took it in the meantime.
async function extendLease() {
  const { kind, key } = facts();
  if (document.hidden || !key || kind === "revealed") return;
  const reply = await send("/hold", { key }).catch(() => null);
  if (reply && !reply.held && key === facts().key) {
    announce(`${reply.by ?? "Another reviewer"} has opened this case. Press S to skip; if you both decide, the later decision counts.`);
  }
}

function remember(id) {
  const box = byId(id);
  box.checked = localStorage.getItem(id) !== "off";
  box.addEventListener("change", () => localStorage.setItem(id, box.checked ? "on" : "off"));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (button) ACTIONS[button.dataset.act](button);
});
document.addEventListener("keydown", onKey);
filters.addEventListener("change", () => { page = 1; request("/next", {}); });
filters.addEventListener("submit", (event) => event.preventDefault());
byId("open-cases").addEventListener("click", () => toggleCases());
byId("open-help").addEventListener("click", () => byId("help").showModal());
byId("again").addEventListener("click", () => {
  if (failed) request(failed.path, failed.body);
});
byId("dismiss").addEventListener("click", () => {
  sessionStorage.removeItem(UNSENT);
  byId("error").hidden = true;
});
setInterval(extendLease, LEASE_INTERVAL);
document.addEventListener("visibilitychange", extendLease);
remember("autoplay");
remember("use-keys");
filters.reset();
request("/next", {});
