// The search in the vocabulary: a combobox in a dialog. It gives the genre that was chosen, or null.

export class GenreSearch {
  constructor(dialog) {
    this.dialog = dialog;
    this.text = dialog.querySelector("input");
    this.list = dialog.querySelector("ul");
    this.title = dialog.querySelector("h2");
    this.said = dialog.querySelector('[role="status"]');
    this.found = [];
    this.at = 0;
    this.asked = 0;
    this.answered = "";
    this.text.addEventListener("input", () => this.search());
    this.text.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("click", (event) => {
      const item = event.target.closest("li");
      if (item) this.choose(Number(item.dataset.at));
    });
    dialog.addEventListener("close", () => this.resolve?.(this.chosen));
  }

  ask(title) {
    this.title.textContent = title;
    this.text.value = "";
    this.chosen = null;
    this.answered = "";
    this.show([]);
    this.dialog.showModal();
    this.text.focus();
    return new Promise((resolve) => { this.resolve = resolve; });
  }

  async search() {
    const turn = ++this.asked;
    const words = this.text.value;
    const answer = await fetch(`/genres?q=${encodeURIComponent(words)}`).catch(() => null);
    if (turn !== this.asked || !answer || !answer.ok) return;
    const found = await answer.json();
    if (turn !== this.asked) return;
    this.answered = words;
    this.show(found);
  }

  show(found) {
    this.found = found;
    this.list.replaceChildren(...found.map((genre, at) => {
      const item = document.createElement("li");
      item.id = `found-${at}`;
      item.role = "option";
      item.dataset.at = at;
      const name = document.createElement("span");
      name.textContent = genre.name;
      const broader = document.createElement("span");
      broader.className = "quiet small";
      broader.textContent = genre.broader ?? "";
      item.append(name, broader);
      return item;
    }));
    this.text.setAttribute("aria-expanded", String(found.length > 0));
    this.said.textContent = found.length || !this.answered.trim() ? "" : "The vocabulary has no such genre.";
    this.mark(0);
  }

  mark(at) {
    this.at = at;
    for (const [place, item] of [...this.list.children].entries()) {
      item.setAttribute("aria-selected", String(place === at));
      if (place === at) item.scrollIntoView({ block: "nearest" });
    }
    if (this.found.length) this.text.setAttribute("aria-activedescendant", `found-${at}`);
    else this.text.removeAttribute("aria-activedescendant");
  }

  async key(event) {
    const many = this.found.length;
    if (event.key === "ArrowDown" && many) this.mark((this.at + 1) % many);
    else if (event.key === "ArrowUp" && many) this.mark((this.at + many - 1) % many);
    else if (event.key === "Enter") {
      event.preventDefault();
      // Who types fast and presses Enter means what was typed, not what the last answer held. Who has the answer in
      // sight means the line that is marked.
      if (this.text.value !== this.answered) await this.search();
      if (this.text.value !== this.answered) return;
      this.choose(Math.min(this.at, this.found.length - 1));
      return;
    } else return;
    event.preventDefault();
  }

  choose(at) {
    if (!this.found[at]) return;
    this.chosen = this.found[at];
    this.dialog.close();
  }
}
