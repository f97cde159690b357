// The page to decide on: shows one question after the other, sends what is decided, and listens to the keys.

import { GenreSearch } from "./genre_search.js";
import { Player } from "./player.js";

const place = (id) => document.getElementById(id);
const question = place("question");
const filters = place("filters");
const status = place("status");
const player = new Player(place("audio"), say);
const search = new GenreSearch(place("search"));
const SILENT = 6000;
const HOLD = 5 * 60 * 1000;
const PATIENT = 3000;
// What could not be sent stays here until it is sent or given up, through a reload too.
const UNSENT = "unsent";
const READING = new Set(["/next", "/open"]);
// The page was started anew: what was decided is written when the new link is open.
const SIGNED_OUT = 401;
const reviewer = document.querySelector(".who bdi").textContent;

let busy = false;
let page = 1;
let alike = -1;
let fading = 0;
let failed = null;
// The keys of the case and of the track of the check sample that were shown last: skipping goes on behind them.
const last = { case: null, blind: null };

const article = () => question.querySelector("article");
const facts = () => article()?.dataset ?? {};
const chosenFilters = () => Object.fromEntries(new FormData(filters));

function say(words) {
  clearTimeout(fading);
  status.classList.remove("is-old");
  status.textContent = words;
  fading = setTimeout(() => status.classList.add("is-old"), SILENT);
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
    throw Object.assign(new Error("the page's program does not answer; is it running still?"), { again: true });
  }
  // A proxy whose page does not answer it says so in HTML.
  const reply = await answer.json().catch(() => ({ error: `the page's program does not answer (${answer.status})` }));
  if (!answer.ok || reply.error) {
    throw Object.assign(new Error(reply.error), {
      again: answer.ok || answer.status >= 500 || answer.status === SIGNED_OUT,
    });
  }
  return reply;
}

// Sends something and shows the question that comes back. What the machine could not write is kept to be tried again.
async function ask(path, body) {
  if (busy) return;
  busy = true;
  question.setAttribute("aria-busy", "true");
  const waiting = setTimeout(() => say("It takes longer than usual; still waiting."), PATIENT);
  try {
    show(await send(path, body));
    failed = null;
    if (!READING.has(path)) sessionStorage.removeItem(UNSENT);
    place("trouble").hidden = true;
  } catch (error) {
    failed = { path, body, words: error.message };
    if (error.again && !READING.has(path)) sessionStorage.setItem(UNSENT, JSON.stringify({ ...failed, reviewer }));
    trouble(error.message, error.again);
    if (!article()) noneCame();
  } finally {
    clearTimeout(waiting);
    busy = false;
    question.setAttribute("aria-busy", "false");
  }
  if (READING.has(path)) offerUnsent();
}

// What was decided and could not be written is not forgotten for something else that could be shown.
function offerUnsent() {
  const unsent = JSON.parse(sessionStorage.getItem(UNSENT) ?? "null");
  if (!unsent || unsent.reviewer !== reviewer) return;
  failed = unsent;
  trouble("what you decided was not written yet", true);
}

// The first question could not be had: there must be something to press when the trouble is left.
function noneCame() {
  question.querySelector(".waiting").hidden = true;
  place("none-came").hidden = false;
}

function trouble(words, again) {
  const end = /[.?!]$/.test(words) ? "" : ".";
  place("trouble").querySelector("p").textContent = words[0].toUpperCase() + words.slice(1) + end;
  place("again").hidden = !again;
  place("dismiss").textContent = again ? "Leave it" : "OK";
  place("trouble").hidden = false;
}

function show(reply) {
  const before = facts();
  player.stop();
  // Made by our own templates, which escape everything that is put in; scripts in it would not run.
  question.innerHTML = reply.html;
  alike = -1;
  const now = facts();
  if (now.kind in last) last[now.kind] = now.key;
  document.title = `${now.title} - review`;
  place("redo").hidden = now.undone !== "yes";
  const heading = question.querySelector("h1");
  heading.focus({ preventScroll: true });
  if (before.key !== now.key) window.scrollTo(0, 0);
  const words = [reply.said === "written" ? "" : reply.said, ...(reply.told ?? []).map((each) => `${each}.`)];
  const said = words.filter(Boolean).join(" ");
  say(said && before.key !== now.key ? `${said} Next: ${now.title}.` : said);
  const panel = question.querySelector(".player");
  if (panel) player.show(panel, Number(now.track), place("autoplay").checked);
  list();
}

async function list() {
  // Whose tracks are doubted, and for what, would answer what is asked blind.
  const blind = facts().kind === "blind";
  place("filters").hidden = blind;
  if (blind) {
    place("case-list").replaceChildren(Object.assign(document.createElement("p"), {
      className: "quiet",
      textContent: "The cases are hidden until you have chosen: one of them may be about this artist.",
    }));
    return;
  }
  const query = new URLSearchParams({ ...chosenFilters(), page });
  const answer = await fetch(`/cases?${query}`).catch(() => null);
  if (!answer || !answer.ok) return;
  place("case-list").innerHTML = (await answer.json()).html;
  for (const button of place("case-list").querySelectorAll("[data-case]")) {
    if (button.dataset.case === facts().case) button.setAttribute("aria-current", "true");
  }
}

const seenLast = () => Object.values(last).filter(Boolean);

const scope = () =>
  (question.querySelector('[name="scope"]:checked') ?? question.querySelector('[name="scope"][type="hidden"]'))?.value;

function decide(verdict, genre) {
  const { kind, case: caseId, track, seen } = facts();
  const genreId = genre === undefined ? {} : { genre_id: Number(genre) };
  if (kind === "blind") {
    ask("/judge", { track_id: Number(track), ...(genre === undefined ? { verdict } : genreId) });
  } else if (kind === "case") {
    const body = { case_id: caseId, track_id: Number(track), scope: scope(), verdict, seen: JSON.parse(seen), ...genreId };
    ask("/decide", body);
  }
}

async function searchFor(verdict, title) {
  const genre = await search.ask(title);
  if (genre) decide(verdict, genre.id);
}

function otherTrack(step) {
  const buttons = [...question.querySelectorAll('.tracks [data-act="show"]')];
  const at = buttons.findIndex((button) => button.hasAttribute("aria-current"));
  buttons[at + step]?.click();
}

function nextAlike() {
  const buttons = [...question.querySelectorAll(".small-play:not(:disabled)")];
  if (!buttons.length) return;
  alike = (alike + 1) % buttons.length;
  buttons[alike].click();
}

function listen(button) {
  const track = Number(button.dataset.track);
  if (player.track === track && player.sound) player.toggle();
  else player.load(track, { plays: true, name: button.dataset.name });
}

function toggleCases(open) {
  const cases = place("cases");
  const opened = cases.classList.toggle("is-open", open);
  place("open-cases").setAttribute("aria-expanded", String(opened));
  const first = cases.querySelector("select:not([hidden] *)");
  if (first && (opened || getComputedStyle(cases).display !== "none")) first.focus();
  else question.querySelector("h1")?.focus();
}

function otherScope() {
  const all = [...question.querySelectorAll('[name="scope"][type="radio"]')];
  if (!all.length) return;
  const next = all[(all.findIndex((each) => each.checked) + 1) % all.length];
  next.checked = true;
  say(`Decide for ${next.nextElementSibling.textContent}.`);
}

const ACTS = {
  play: () => player.toggle(),
  listen,
  keep: () => decide("keep"),
  accept: () => decide("accept"),
  relabel: (button) => decide("relabel", button.dataset.genre),
  search: () => searchFor("relabel", "Another genre"),
  add: () => searchFor("add", "Add a genre"),
  unsure: () => decide("unsure"),
  wrong_recording: () => decide("wrong_recording"),
  confirm: () => ask("/confirm", { track_id: Number(facts().track), behind: seenLast() }),
  skip: () => {
    const { kind, key } = facts();
    ask("/next", { behind: seenLast(), ...(key && kind !== "revealed" ? { after: key } : {}) });
  },
  undo: () => ask("/undo", {}),
  redo: () => ask("/redo", { key: facts().key }),
  show: (button) => ask("/open", { case_id: facts().case, track_id: Number(button.dataset.track) }),
  case: (button) => {
    place("cases").classList.remove("is-open");
    place("open-cases").setAttribute("aria-expanded", "false");
    ask("/open", { case_id: button.dataset.case });
  },
  page: (button) => { page = Number(button.dataset.page); list(); },
  all: () => { filters.reset(); page = 1; ask("/next", {}); },
};

const KEYS = {
  " ": () => player.toggle(),
  ArrowLeft: () => player.step(-5),
  ArrowRight: () => player.step(5),
  ArrowUp: () => otherTrack(-1),
  ArrowDown: () => otherTrack(1),
  n: nextAlike,
  b: () => { if (facts().track) player.load(Number(facts().track), { plays: true, name: null }); },
  l: () => toggleCases(),
  c: otherScope,
  "?": () => place("help").showModal(),
};
// Keys that press a button of the question, where it has one.
const PRESSED = { k: "keep", a: "accept", g: "search", d: "add", u: "unsure", w: "wrong_recording", s: "skip", z: "undo" };
const DECIDING = /^[a-z1-9?]$/;

function again() {
  if (place("redo").hidden) say("You have taken nothing back since you last decided.");
  else ACTS.redo();
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (key === "Escape" && place("cases").classList.contains("is-open")) toggleCases(false);
  if (event.target.matches("select, input:not([type=range]):not([type=radio])")) return;
  if (DECIDING.test(key) && !place("use-keys").checked) return;
  const onButton = event.target.matches("button, a, summary, input");
  if (onButton && [" ", "Enter"].includes(key)) return;
  if (event.target.matches("input") && key.startsWith("Arrow")) return;
  if (event.repeat && !key.startsWith("Arrow")) return;
  const button = /^[1-9]$/.test(key)
    ? question.querySelectorAll('[data-act="relabel"]')[Number(key) - 1]
    : question.querySelector(`.actions [data-act="${key === "k" && facts().kind === "revealed" ? "confirm" : PRESSED[key]}"]`);
  if (key === "z" && event.shiftKey) again();
  else if (KEYS[key]) KEYS[key]();
  else if (button) button.click();
  else if (key === "Enter" && facts().kind === "revealed") ACTS.skip();
  else return;
  event.preventDefault();
}

// As long as somebody looks at a question it is theirs; who comes back after long is told whose it is by now.
async function holdOn() {
  const { kind, key } = facts();
  if (document.hidden || !key || kind === "revealed") return;
  const reply = await send("/hold", { key }).catch(() => null);
  if (reply && !reply.held && key === facts().key) {
    say(`${reply.by ?? "Somebody else"} decides on this by now. S goes on to another; if you decide too, yours counts.`);
  }
}

function remember(id) {
  const box = place(id);
  box.checked = localStorage.getItem(id) !== "off";
  box.addEventListener("change", () => localStorage.setItem(id, box.checked ? "on" : "off"));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (button) ACTS[button.dataset.act](button);
});
document.addEventListener("keydown", onKey);
filters.addEventListener("change", () => { page = 1; ask("/next", {}); });
filters.addEventListener("submit", (event) => event.preventDefault());
place("open-cases").addEventListener("click", () => toggleCases());
place("open-help").addEventListener("click", () => place("help").showModal());
place("again").addEventListener("click", () => {
  if (failed) ask(failed.path, failed.body);
});
place("dismiss").addEventListener("click", () => {
  sessionStorage.removeItem(UNSENT);
  place("trouble").hidden = true;
});
setInterval(holdOn, HOLD);
document.addEventListener("visibilitychange", holdOn);
remember("autoplay");
remember("use-keys");
filters.reset();
ask("/next", {});
