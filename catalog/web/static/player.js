// The player: one audio element for the whole page, and the timeline of the shown item.

const clock = (seconds) => {
  const whole = Math.max(0, Math.round(seconds));
  const minutes = String(Math.floor(whole / 60) % 60);
  const hours = Math.floor(whole / 3600);
  const rest = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${minutes.padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
};

const SVG = "http://www.w3.org/2000/svg";
// Seconds. With a larger error in the duration of the header, seeking would miss its position.
const MAX_ERROR = 1.5;

export class Player {
  constructor(audio, announce) {
    this.audio = audio;
    this.announce = announce;
    this.panel = null;
    this.sound = null;
    this.loads = 0;
    for (const event of ["play", "pause", "ended"]) audio.addEventListener(event, () => this.showState());
    audio.addEventListener("timeupdate", () => this.showTime());
    audio.addEventListener("loadedmetadata", () => this.begin());
    audio.addEventListener("error", () => this.tryNext());
  }

  // Loads the track of a panel; with `plays` it starts as soon as possible.
  async show(panel, track, plays) {
    this.panel = panel;
    this.part(".seek").addEventListener("input", (event) => this.seek(this.second(event.target.value / 1000)));
    this.part(".spectrogram").addEventListener("error", (event) => event.target.classList.add("is-missing"));
    await this.load(track, { plays, name: null });
    this.drawWave(track);
  }

  // Loads a track, for example a similar one, into the panel; `name` is its title, null for the track of the panel.
  async load(track, { plays, name }) {
    const turn = ++this.loads;
    this.audio.pause();
    this.audio.removeAttribute("src");
    this.sound = null;
    this.plays = plays;
    this.track = track;
    this.fault(null);
    const answer = await fetch(`/tracks/${track}/sound`).catch(() => null);
    if (turn !== this.loads) return;
    const noReply = { error: "the server does not respond" };
    const facts = (await answer?.json().catch(() => null)) ?? noReply;
    if (turn !== this.loads) return;
    if (facts.error) {
      this.fault(facts.error);
      return;
    }
    this.sound = facts;
    this.name = name;
    this.remaining = facts.sources.filter((source) => this.audio.canPlayType(source.type) !== "");
    this.legend();
    this.tryNext();
  }

  tryNext() {
    if (!this.sound) return;
    this.source = this.remaining.shift();
    if (!this.source) {
      this.fault("this browser cannot play the file; decide without it, or skip");
      this.sound = null;
      return;
    }
    this.audio.src = this.source.url;
    this.audio.load();
  }

  // The metadata is loaded: go to the first analyzed window.
  begin() {
    const { sound, audio } = this;
    if (!sound) return;
    const expected = this.source.begin ? sound.end - sound.begin : sound.duration;
    if (this.remaining.length && Math.abs(audio.duration - expected) > MAX_ERROR) {
      this.tryNext();
      return;
    }
    this.seek(this.analyzed?.[0] ?? sound.begin);
    if (this.plays) this.play();
  }

  async play() {
    try {
      await this.audio.play();
    } catch (error) {
      if (error.name === "NotAllowedError") this.announce("Press Space to play.");
    }
  }

  toggle() {
    if (!this.sound) {
      const fault = this.panel && this.part('[data-role="fault"]');
      if (fault && !fault.hidden) this.announce(fault.textContent);
      return;
    }
    if (this.audio.paused) this.play();
    else this.audio.pause();
  }

  get now() { return this.sound ? this.audio.currentTime + this.source.begin : 0; }

  seek(second) {
    if (!this.sound) return;
    const { begin, end } = this.sound;
    const position = Math.min(Math.max(second, begin), Math.max(begin, end - 0.2));
    this.audio.currentTime = Math.max(0, position - this.source.begin);
    this.showTime();
  }

  step(seconds) { this.seek(this.now + seconds); }

  // The first analyzed window in the excerpt.
  get analyzed() { return this.sound.windows.find(([from, to]) => to > this.sound.begin && from < this.sound.end); }

  // Conversion between a share of the timeline, 0 to 1, and a second of the track.
  second(share) { return this.sound ? this.sound.begin + share * (this.sound.end - this.sound.begin) : 0; }
  share(second) {
    const { begin, end } = this.sound;
    return Math.min(1, Math.max(0, (second - begin) / Math.max(end - begin, 0.001)));
  }

  part(selector) { return this.panel.querySelector(selector); }

  showTime() {
    if (!this.panel || !this.sound) return;
    const share = this.share(this.now);
    this.part('[data-role="playhead"]').style.left = `${100 * share}%`;
    this.part('[data-role="time"]').textContent = clock(this.now);
    const seek = this.part(".seek");
    seek.value = Math.round(1000 * share);
    seek.setAttribute("aria-valuetext", `${clock(this.now)} of ${clock(this.sound.duration)}`);
  }

  showState() {
    if (!this.panel) return;
    const playing = !this.audio.paused && !this.audio.ended;
    this.part(".play").classList.toggle("is-playing", playing);
    this.part(".play").setAttribute("aria-label", playing ? "Pause" : "Play");
    for (const button of this.panel.ownerDocument.querySelectorAll(".small-play")) {
      button.setAttribute("aria-pressed", String(playing && Number(button.dataset.track) === this.track));
    }
  }

  legend() {
    const { begin, end, windows, duration } = this.sound;
    const marks = this.part('[data-role="window"]');
    const analyzed = this.analyzed;
    const whole = analyzed && analyzed[0] <= begin + 0.5 && analyzed[1] >= end - 0.5;
    marks.hidden = !analyzed || whole || this.name !== null;
    if (analyzed) {
      marks.style.left = `${100 * this.share(analyzed[0])}%`;
      marks.style.width = `${100 * (this.share(analyzed[1]) - this.share(analyzed[0]))}%`;
    }
    const shown = end - begin < duration - 0.5 ? `Shown: ${clock(begin)} to ${clock(end)}. ` : "";
    const range = !windows.length || whole
      ? "Analyzed completely."
      : `Analyzed: ${windows.map(([from, to]) => `${clock(from)} to ${clock(to)}`).join(", ")}.`;
    this.part('[data-role="timeline"]').classList.toggle("is-other-track", this.name !== null);
    const text = this.name === null ? shown + range : `Now playing: ${this.name}. Press B to return.`;
    this.part('[data-role="legend"]').textContent = text;
  }

  async drawWave(track) {
    const panel = this.panel;
    const answer = await fetch(`/tracks/${track}/peaks`).catch(() => null);
    if (!answer || !answer.ok || panel !== this.panel) return;
    const peaks = await answer.json();
    const bars = peaks.map((peak, at) => `M${at} ${50 - peak / 2.1 - 0.5}h0.9v${peak / 1.05 + 1}h-0.9z`);
    const inside = (at) => {
      if (!this.sound || this.name !== null) return false;
      const second = this.second(at / peaks.length);
      return this.sound.windows.some(([from, to]) => second >= from && second < to);
    };
    const wave = panel.querySelector(".wave");
    wave.replaceChildren(...[true, false].map((isInside) => {
      const path = panel.ownerDocument.createElementNS(SVG, "path");
      path.setAttribute("d", bars.filter((_, at) => inside(at) === isInside).join(""));
      if (isInside) path.setAttribute("class", "inside");
      return path;
    }));
  }

  fault(message) {
    if (!this.panel) return;
    const element = this.part('[data-role="fault"]');
    element.hidden = message === null;
    element.textContent = message === null ? "" : `${message[0].toUpperCase()}${message.slice(1)}.`;
    // Hides the controls of a track that cannot be played.
    this.panel.classList.toggle("is-silent", message !== null);
  }

  stop() {
    this.loads += 1;
    this.sound = null;
    this.panel = null;
    this.audio.pause();
  }
}
