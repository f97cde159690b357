// The player: one audio element for the whole page, and the timeline of the track that is playing.

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
  constructor(audio, announce, onPlay) {
    this.audio = audio;
    this.announce = announce;
    this.onPlay = onPlay;
    this.panel = null;
    this.sound = null;
    this.loads = 0;
    for (const event of ["play", "pause", "ended"]) audio.addEventListener(event, () => this.showState());
    audio.addEventListener("timeupdate", () => this.showTime());
    audio.addEventListener("loadedmetadata", () => this.begin());
    audio.addEventListener("error", () => this.tryNext());
  }

  // Loads the track of a panel; with `plays` it starts as soon as possible.
  show(panel, track, plays) {
    this.panel = panel;
    this.own = track;
    this.names = { title: this.part('[data-role="title"]').textContent, facts: this.part('[data-role="facts"]').innerHTML };
    this.part(".seek").addEventListener("input", (event) => this.seek(this.second(event.target.value / 1000)));
    return this.load(track, { plays, other: null });
  }

  back() { if (this.panel) this.load(this.own, { plays: true, other: null }); }

  // Loads a track into the panel; `other` has title and facts of a track that is not the panel's own.
  async load(track, { plays, other }) {
    const turn = ++this.loads;
    this.audio.pause();
    this.audio.removeAttribute("src");
    this.sound = null;
    this.plays = plays;
    this.track = track;
    this.other = other;
    this.fault(null);
    this.showNames();
    this.part('[data-role="legend"]').textContent = "Loading the track\u2026";
    const drawing = this.drawImages(track, turn);
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
    const canPlay = (source) => typeof this.audio.canPlayType === "function" && this.audio.canPlayType(source.type) !== "";
    this.remaining = facts.sources.filter(canPlay);
    this.part('[data-role="duration"]').textContent = facts.duration ? clock(facts.duration) : "?";
    this.legend();
    this.tryNext();
    await drawing;
    if (turn === this.loads) this.drawWave();
  }

  // Shows whose sound it is: title and facts of the playing track, and the way back to the track of the panel.
  showNames() {
    const { other, names, panel } = this;
    const title = this.part('[data-role="title"]');
    title.replaceChildren(Object.assign(panel.ownerDocument.createElement("bdi"), { textContent: other?.title ?? names.title }));
    const facts = this.part('[data-role="facts"]');
    if (other) {
      facts.replaceChildren(...other.facts.map((text) =>
        Object.assign(panel.ownerDocument.createElement("span"), { textContent: text })));
    } else facts.innerHTML = names.facts;
    panel.classList.toggle("is-other-track", Boolean(other));
    this.part(".back").hidden = !other;
  }

  tryNext() {
    if (!this.sound) return;
    this.source = this.remaining.shift();
    if (!this.source) {
      this.fault("this browser cannot play the file; decide without it, or skip", true);
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
    if (playing) this.onPlay(this.track);
    this.part(".play").classList.toggle("is-playing", playing);
    this.part(".play").setAttribute("aria-label", playing ? "Pause" : "Play");
    for (const button of this.panel.ownerDocument.querySelectorAll(".small-play")) {
      const isPlaying = playing && Number(button.dataset.track) === this.track;
      button.classList.toggle("is-playing", isPlaying);
      button.setAttribute("aria-pressed", String(isPlaying));
    }
  }

  legend() {
    const { begin, end, windows, duration } = this.sound;
    const marks = this.part('[data-role="window"]');
    const analyzed = this.analyzed;
    const whole = analyzed && analyzed[0] <= begin + 0.5 && analyzed[1] >= end - 0.5;
    marks.hidden = !analyzed || whole;
    if (analyzed) {
      marks.style.left = `${100 * this.share(analyzed[0])}%`;
      marks.style.width = `${100 * (this.share(analyzed[1]) - this.share(analyzed[0]))}%`;
    }
    const shown = end - begin < duration - 0.5 ? `Shown: ${clock(begin)} to ${clock(end)}. ` : "";
    const range = !windows.length || whole
      ? "Analyzed completely."
      : `Analyzed: ${windows.map(([from, to]) => `${clock(from)} to ${clock(to)}`).join(", ")}.`;
    this.part('[data-role="legend"]').textContent = `${this.other ? "Similar track. " : ""}${shown}${range}`;
  }

  // Loads waveform and spectrogram of a track; a word stands in their place until then.
  async drawImages(track, turn) {
    const panel = this.panel;
    const note = this.part('[data-role="drawing"]');
    const image = this.part(".spectrogram");
    this.peaks = null;
    this.part(".wave").replaceChildren();
    this.part('[data-role="frequencies"]').replaceChildren();
    image.hidden = true;
    note.textContent = "Drawing the waveform\u2026";
    this.part('[data-role="timeline"]').classList.add("is-drawing");
    const answer = await fetch(`/tracks/${track}/peaks`).catch(() => null);
    const drawn = answer?.ok ? await answer.json().catch(() => null) : null;
    if (turn !== this.loads || panel !== this.panel) return;
    if (!drawn) {
      note.textContent = "There is no waveform for this file.";
      return;
    }
    this.peaks = drawn.peaks;
    this.drawWave();
    image.src = `/tracks/${track}/spectrogram.png`;
    await image.decode().catch(() => null);
    if (turn !== this.loads || panel !== this.panel) return;
    image.hidden = false;
    this.part('[data-role="timeline"]').classList.remove("is-drawing");
    this.part('[data-role="frequencies"]').replaceChildren(...drawn.marks.map(([hertz, height]) => {
      const mark = Object.assign(panel.ownerDocument.createElement("li"), {
        textContent: hertz >= 1000 ? `${hertz / 1000} kHz` : `${hertz} Hz`,
      });
      mark.style.bottom = `${100 * height}%`;
      return mark;
    }));
  }

  drawWave() {
    if (!this.panel || !this.peaks) return;
    const { peaks, panel } = this;
    const bars = peaks.map((peak, at) => `M${at} ${50 - peak / 2.1 - 0.5}h0.9v${peak / 1.05 + 1}h-0.9z`);
    const inside = (at) => {
      if (!this.sound) return false;
      const second = this.second(at / peaks.length);
      return this.sound.windows.some(([from, to]) => second >= from && second < to);
    };
    this.part(".wave").replaceChildren(...[true, false].map((isInside) => {
      const path = panel.ownerDocument.createElementNS(SVG, "path");
      path.setAttribute("d", bars.filter((_, at) => inside(at) === isInside).join(""));
      if (isInside) path.setAttribute("class", "inside");
      return path;
    }));
  }

  // A fault of the track; its controls are hidden, and its images too unless only the browser cannot play it.
  fault(message, hasImages = false) {
    if (!this.panel) return;
    const element = this.part('[data-role="fault"]');
    element.hidden = message === null;
    element.textContent = message === null ? "" : `${message[0].toUpperCase()}${message.slice(1)}.`;
    this.panel.classList.toggle("is-silent", message !== null);
    this.panel.classList.toggle("has-images", hasImages);
  }

  stop() {
    this.loads += 1;
    this.sound = null;
    this.panel = null;
    this.audio.pause();
  }
}
