// The review page: shows one item after the other, sends decisions, handles keys.

import { GenreSearch } from "./genre_search.js";
import { Player } from "./player.js";

const byId = (id) => document.getElementById(id);
const item = byId("item");
const filters = byId("filters");
const status = byId("status");
const player = new Player(byId("audio"), announce, showPlayed);
const search = new GenreSearch(byId("search"));
const STATUS_TIME = 6000;
const LEASE_INTERVAL = 5 * 60 * 1000;
const SLOW = 3000;
// Key in sessionStorage of a decision that could not be sent: it stays until it is sent or dismissed.
const UNSENT = "unsent";
const LOADING = new Set(["/next", "/open", "/open-track"]);
const DECIDING = new Set(["/decide", "/judge", "/keep-artist"]);
// Milliseconds after the last typed letter of a search.
const TYPING = 250;
// Other tabs of the same reviewer: they leave an item that was decided here.
const tabs = new BroadcastChannel(`review of ${location.host}`);
// The server was restarted: an unsent decision is sent after the new link was opened.
const SIGNED_OUT = 401;
const reviewer = document.querySelector(".who bdi").textContent;

let busy = false;
let page = 1;
let similar = -1;
let fading = 0;
let typing = 0;
let failed = null;
// The keys of the case and of the blind track shown last: skipping continues after them.
const last = { case: null, blind: null };
const played = new Set();

const article = () => item.querySelector("article");
const facts = () => article()?.dataset ?? {};
const chosenFilters = () => Object.fromEntries(new FormData(filters));

function announce(text) {
  clearTimeout(fading);
  status.classList.remove("is-old");
  status.textContent = text;
  // Above the buttons of the decision, so that it covers no claim.
  const actions = item.querySelector(".actions");
  status.style.bottom = `${(actions?.offsetHeight ?? 0) + 12}px`;
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
    throw Object.assign(new Error("cannot reach the catalog"), { canRetry: true });
  }
  // A proxy reports an unreachable server in HTML.
  const reply = await answer.json().catch(() => ({ error: `cannot reach the catalog (${answer.status})` }));
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
  const { key } = facts();
  try {
    show(await send(path, body));
    failed = null;
    if (DECIDING.has(path)) tabs.postMessage({ reviewer, key });
    if (!LOADING.has(path)) sessionStorage.removeItem(UNSENT);
    byId("error").hidden = true;
  } catch (error) {
    failed = { path, body, message: error.message };
    if (error.canRetry && !LOADING.has(path)) sessionStorage.setItem(UNSENT, JSON.stringify({ ...failed, reviewer }));
    const kept = error.canRetry && !LOADING.has(path) ? ". Your decision is kept" : "";
    showError(`${error.message}${kept}`, error.canRetry);
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
  placeError();
  byId("error").hidden = false;
}

// The error stands above the buttons of the decision and covers nothing.
function placeError() {
  const actions = item.querySelector(".actions");
  if (actions) actions.prepend(byId("error"));
}

function show(reply) {
  const before = facts();
  document.body.append(byId("error"));
  player.stop();
  // HTML of our own templates, which escape all values; scripts in innerHTML do not run.
  item.innerHTML = reply.html;
  similar = -1;
  const now = facts();
  if (now.kind in last) last[now.kind] = now.key;
  document.title = `${now.title} - Music Catalog`;
  byId("redo").hidden = now.undone !== "yes";
  const heading = item.querySelector("h1");
  heading.focus({ preventScroll: true });
  if (before.key !== now.key) window.scrollTo(0, 0);
  const message = [reply.message, ...(reply.notes ?? []).map((note) => `${note}.`)].filter(Boolean).join(" ");
  announce(message && before.key !== now.key ? `${message} Next: ${now.title}.` : message);
  const panel = item.querySelector(".player");
  if (panel) player.show(panel, Number(now.track), byId("autoplay").checked);
  placeError();
  showNumber();
  showPlayed();
  list();
  if (now.kind === "case") prepareNext(now.key);
}

// The number of tracks that the chosen scope decides, on the buttons.
function showNumber() {
  const count = Number(chosenScope()?.dataset.tracks ?? 1);
  for (const text of item.querySelectorAll('[data-role="number"]')) {
    text.textContent = count > 1 ? `for ${count} tracks` : item.querySelector(".scope") ? "for 1 track" : "";
  }
}

// How many tracks of the case were played.
function showPlayed(track) {
  if (track !== undefined) played.add(track);
  const buttons = [...item.querySelectorAll('.tracks [data-act="show"]')];
  const heard = buttons.filter((button) => played.has(Number(button.dataset.track)));
  for (const button of buttons) button.classList.toggle("is-played", heard.includes(button));
  const note = item.querySelector('[data-role="played"]');
  if (note) note.textContent = `${heard.length} of ${buttons.length} played`;
}

// Lets the server draw, and the browser store, the images of the next track.
async function prepareNext(key) {
  const next = await send("/upcoming", { key }).catch(() => null);
  if (!next?.track_id || facts().key !== key) return;
  for (const image of ["peaks", "spectrogram.png"]) await fetch(`/tracks/${next.track_id}/${image}`).catch(() => null);
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

const chosenScope = () =>
  item.querySelector('[name="scope"]:checked') ?? item.querySelector('[name="scope"][type="hidden"]');

function decide(verdict, genre) {
  const { kind, case: caseId, track, seen } = facts();
  const genreId = genre === undefined ? {} : { genre_id: Number(genre) };
  if (kind === "blind") {
    request("/judge", { track_id: Number(track), ...(genre === undefined ? { verdict } : genreId) });
  } else if (kind === "case") {
    const body = { case_id: caseId, track_id: Number(track), scope: chosenScope()?.value, verdict, seen: JSON.parse(seen), ...genreId };
    request("/decide", body);
  } else if (kind === "track") {
    request("/decide-track", { track_id: Number(track), verdict, ...genreId });
  }
}

// Shows the names of a blind track; the server records it.
async function showNames() {
  const button = item.querySelector('[data-act="names"]');
  if (!button) return;
  const reply = await send("/names", { track_id: Number(facts().track) }).catch((error) => ({ error: error.message }));
  if (reply.error) { announce(reply.error); return; }
  const names = [reply.artist, reply.title, reply.album].filter(Boolean).join(", ") || "This track has no names.";
  button.replaceWith(Object.assign(document.createElement("bdi"), { textContent: names }));
  announce(names);
}

async function searchFor(verdict, title, text) {
  const genre = await search.ask(title, text);
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
  else player.load(track, { plays: true, other: { title: button.dataset.title, facts: JSON.parse(button.dataset.facts) } });
}

function toggleCases(open) {
  const cases = byId("cases");
  const opened = cases.classList.toggle("is-open", open);
  byId("open-cases").setAttribute("aria-expanded", String(opened));
  const first = cases.querySelector("input:not([hidden] *)");
  if (first && (opened || getComputedStyle(cases).display !== "none")) first.focus();
  else item.querySelector("h1")?.focus();
}

function closeCases() {
  byId("cases").classList.remove("is-open");
  byId("open-cases").setAttribute("aria-expanded", "false");
}

function searchCases() {
  if (facts().kind === "blind") return;
  toggleCases(true);
  filters.elements.text.focus();
}

function otherScope() {
  const all = [...item.querySelectorAll('[name="scope"][type="radio"]')];
  if (!all.length) return;
  const next = all[(all.findIndex((radio) => radio.checked) + 1) % all.length];
  next.checked = true;
  showNumber();
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
  settle: (button) => request("/settle", {
    track_id: Number(facts().track), settlement: button.dataset.settlement, behind: seenLast(),
  }),
  names: showNames,
  more: (button) => {
    const isOpen = button.closest(".verdicts").classList.toggle("is-open");
    button.setAttribute("aria-expanded", String(isOpen));
  },
  back: () => player.back(),
  keepArtist: () => request("/keep-artist", { case_id: facts().case }),
  skip: () => {
    const { kind, key } = facts();
    request("/next", { behind: seenLast(), ...(key && kind !== "revealed" ? { after: key } : {}) });
  },
  undo: () => request("/undo", {}),
  redo: () => request("/redo", { key: facts().key }),
  show: (button) => request("/open", { case_id: facts().case, track_id: Number(button.dataset.track) }),
  case: (button) => {
    closeCases();
    request("/open", { case_id: button.dataset.case });
  },
  track: (button) => {
    closeCases();
    request("/open-track", { track_id: Number(button.dataset.track) });
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
  b: () => player.back(),
  f: searchCases,
  l: () => toggleCases(),
  c: otherScope,
  "?": () => byId("help").showModal(),
};
// Keys that press a button of the item, if it has that button.
const BUTTON_KEYS = { k: "keep", a: "accept", g: "search", d: "add", u: "unsure", w: "wrong_recording", s: "skip", z: "undo" };
const SHORTCUT = /^[a-z0-9?]$/;
// Keys of a blind question, with Shift: the letters alone type a genre.
const BLIND_KEYS = { u: "unsure", w: "wrong_recording", s: "skip", z: "undo", n: "names" };

function redo() {
  if (byId("redo").hidden) announce("There is no undone decision to redo.");
  else ACTIONS.redo();
}

// The button of the item that a key presses.
function buttonOf(key) {
  if (/^[0-9]$/.test(key)) return item.querySelectorAll('[data-act="relabel"]')[(Number(key) + 9) % 10];
  const settlement = facts().kind === "revealed" && { k: "keep", m: "use", u: "unsure" }[key];
  return item.querySelector(settlement
    ? `[data-settlement="${settlement}"]`
    : `.actions [data-act="${BUTTON_KEYS[key]}"]`);
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
  if (facts().typed && /^\p{L}$/u.test(key)) {
    event.preventDefault();
    if (event.shiftKey) item.querySelector(`[data-act="${BLIND_KEYS[key]}"]`)?.click();
    else searchFor("relabel", "Any genre", key);
    return;
  }
  const button = buttonOf(key);
  if (key === "z" && event.shiftKey) redo();
  else if (KEYS[key]) KEYS[key]();
  else if (button) button.click();
  else if (key === "Enter" && facts().kind === "revealed" && !facts().unsettled) ACTIONS.skip();
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
filters.addEventListener("change", (event) => {
  page = 1;
  if (event.target.name === "text") list();
  else request("/next", {});
});
filters.elements.text.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => { page = 1; list(); }, TYPING);
});
item.addEventListener("change", (event) => { if (event.target.name === "scope") showNumber(); });
tabs.addEventListener("message", ({ data }) => {
  if (data.reviewer !== reviewer || !data.key || data.key !== facts().key || facts().kind === "revealed") return;
  request("/next", {}).then(() => announce("You decided this case in another tab."));
});
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
