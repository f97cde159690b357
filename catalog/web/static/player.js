// The player: one audio element that lives as long as the page, and the timeline of whatever question is shown.

const clock = (seconds) => {
  const whole = Math.max(0, Math.round(seconds));
  const minutes = String(Math.floor(whole / 60) % 60);
  const hours = Math.floor(whole / 3600);
  const rest = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${minutes.padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
};

const SVG = "http://www.w3.org/2000/svg";
// A header that is further from the truth than this, in seconds, would lead every jump astray.
const HONEST = 1.5;

export class Player {
  constructor(audio, said) {
    this.audio = audio;
    this.said = said;
    this.panel = null;
    this.sound = null;
    this.asked = 0;
    for (const event of ["play", "pause", "ended"]) audio.addEventListener(event, () => this.showState());
    audio.addEventListener("timeupdate", () => this.showTime());
    audio.addEventListener("loadedmetadata", () => this.begin());
    audio.addEventListener("error", () => this.tryNext());
  }

  // Shows a panel's track and gets it ready; `plays` starts it as soon as there is something to hear.
  async show(panel, track, plays) {
    this.panel = panel;
    this.part(".seek").addEventListener("input", (event) => this.seek(this.second(event.target.value / 1000)));
    this.part(".spectrogram").addEventListener("error", (event) => event.target.classList.add("is-missing"));
    await this.load(track, { plays, name: null });
    this.drawWave(track);
  }

  // Another track is heard in the same panel, such as what sounds alike; `name` is what it is called meanwhile.
  async load(track, { plays, name }) {
    const turn = ++this.asked;
    this.audio.pause();
    this.audio.removeAttribute("src");
    this.sound = null;
    this.plays = plays;
    this.track = track;
    this.fault(null);
    const answer = await fetch(`/tracks/${track}/sound`).catch(() => null);
    if (turn !== this.asked) return;
    const silence = { error: "the page's program does not answer" };
    const facts = (await answer?.json().catch(() => null)) ?? silence;
    if (turn !== this.asked) return;
    if (facts.error) {
      this.fault(facts.error);
      return;
    }
    this.sound = facts;
    this.name = name;
    this.left = facts.sources.filter((source) => this.audio.canPlayType(source.type) !== "");
    this.legend();
    this.tryNext();
  }

  tryNext() {
    if (!this.sound) return;
    this.source = this.left.shift();
    if (!this.source) {
      this.fault("this sound cannot be played here; decide without it, or skip");
      this.sound = null;
      return;
    }
    this.audio.src = this.source.url;
    this.audio.load();
  }

  // What is known of the sound is here: go to where it was analyzed.
  begin() {
    const { sound, audio } = this;
    if (!sound) return;
    const promised = this.source.begin ? sound.end - sound.begin : sound.duration;
    if (this.left.length && Math.abs(audio.duration - promised) > HONEST) {
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
      if (error.name === "NotAllowedError") this.said("Press Space to play.");
    }
  }

  toggle() {
    if (!this.sound) {
      const fault = this.panel && this.part('[data-role="fault"]');
      if (fault && !fault.hidden) this.said(fault.textContent);
      return;
    }
    if (this.audio.paused) this.play();
    else this.audio.pause();
  }

  get now() { return this.sound ? this.audio.currentTime + this.source.begin : 0; }

  seek(second) {
    if (!this.sound) return;
    const { begin, end } = this.sound;
    const wanted = Math.min(Math.max(second, begin), Math.max(begin, end - 0.2));
    this.audio.currentTime = Math.max(0, wanted - this.source.begin);
    this.showTime();
  }

  step(seconds) { this.seek(this.now + seconds); }

  // The first window that was analyzed of what is shown.
  get analyzed() { return this.sound.windows.find(([from, to]) => to > this.sound.begin && from < this.sound.end); }

  // Between a share of the timeline, 0 to 1, and a second of the track.
  second(share) { return this.sound ? this.sound.begin + share * (this.sound.end - this.sound.begin) : 0; }
  share(second) {
    const { begin, end } = this.sound;
    return Math.min(1, Math.max(0, (second - begin) / Math.max(end - begin, 0.001)));
  }

  part(selector) { return this.panel.querySelector(selector); }

  showTime() {
    if (!this.panel || !this.sound) return;
    const share = this.share(this.now);
    this.part('[data-role="head"]').style.left = `${100 * share}%`;
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
    const seen = this.analyzed;
    const whole = seen && seen[0] <= begin + 0.5 && seen[1] >= end - 0.5;
    marks.hidden = !seen || whole || this.name !== null;
    if (seen) {
      marks.style.left = `${100 * this.share(seen[0])}%`;
      marks.style.width = `${100 * (this.share(seen[1]) - this.share(seen[0]))}%`;
    }
    const part = end - begin < duration - 0.5 ? `${clock(begin)} to ${clock(end)} of it. ` : "";
    const heard = !windows.length || whole
      ? "All of it was analyzed."
      : `Analyzed: ${windows.map(([from, to]) => `${clock(from)} to ${clock(to)}`).join(", ")}.`;
    this.part('[data-role="timeline"]').classList.toggle("is-elsewhere", this.name !== null);
    const words = this.name === null ? part + heard : `Now playing: ${this.name}. B goes back to the track.`;
    this.part('[data-role="legend"]').textContent = words;
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
    wave.replaceChildren(...[true, false].map((wanted) => {
      const path = panel.ownerDocument.createElementNS(SVG, "path");
      path.setAttribute("d", bars.filter((_, at) => inside(at) === wanted).join(""));
      if (wanted) path.setAttribute("class", "inside");
      return path;
    }));
  }

  fault(words) {
    if (!this.panel) return;
    const place = this.part('[data-role="fault"]');
    place.hidden = words === null;
    place.textContent = words === null ? "" : `${words[0].toUpperCase()}${words.slice(1)}.`;
    // There is nothing to press and nowhere to go in a sound that cannot be heard.
    this.panel.classList.toggle("is-silent", words !== null);
  }

  stop() {
    this.asked += 1;
    this.sound = null;
    this.panel = null;
    this.audio.pause();
  }
}
