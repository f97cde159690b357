// Genre search: a combobox in a dialog. Resolves to the selected genre, or null.

export class GenreSearch {
  constructor(dialog) {
    this.dialog = dialog;
    this.text = dialog.querySelector("input");
    this.list = dialog.querySelector("ul");
    this.title = dialog.querySelector("h2");
    this.status = dialog.querySelector('[role="status"]');
    this.results = [];
    this.at = 0;
    this.requests = 0;
    this.resultText = "";
    this.text.addEventListener("input", () => this.search());
    this.text.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("click", (event) => {
      const item = event.target.closest("li");
      if (item) this.choose(Number(item.dataset.at));
    });
    dialog.addEventListener("close", () => this.resolve?.(this.chosen));
  }

  ask(title, text = "") {
    this.title.textContent = title;
    this.text.value = text;
    this.chosen = null;
    this.resultText = "";
    this.show([]);
    this.dialog.showModal();
    this.text.focus();
    if (text) this.search();
    return new Promise((resolve) => { this.resolve = resolve; });
  }

  async search() {
    const turn = ++this.requests;
    const text = this.text.value;
    const answer = await fetch(`/genres?q=${encodeURIComponent(text)}`).catch(() => null);
    if (turn !== this.requests || !answer || !answer.ok) return;
    const results = await answer.json();
    if (turn !== this.requests) return;
    this.resultText = text;
    this.show(results);
  }

  show(results) {
    this.results = results;
    this.list.replaceChildren(...results.map((genre, at) => {
      const item = document.createElement("li");
      item.id = `result-${at}`;
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
    this.text.setAttribute("aria-expanded", String(results.length > 0));
    this.status.textContent = results.length || !this.resultText.trim() ? "" : "No matching genre.";
    this.mark(0);
  }

  mark(at) {
    this.at = at;
    for (const [place, item] of [...this.list.children].entries()) {
      item.setAttribute("aria-selected", String(place === at));
      if (place === at) item.scrollIntoView({ block: "nearest" });
    }
    if (this.results.length) this.text.setAttribute("aria-activedescendant", `result-${at}`);
    else this.text.removeAttribute("aria-activedescendant");
  }

  async key(event) {
    const count = this.results.length;
    if (event.key === "ArrowDown" && count) this.mark((this.at + 1) % count);
    else if (event.key === "ArrowUp" && count) this.mark((this.at + count - 1) % count);
    else if (event.key === "Enter") {
      event.preventDefault();
      // After fast typing, Enter refers to the text, not to the outdated results. With current results it refers to the
      // marked line.
      if (this.text.value !== this.resultText) await this.search();
      if (this.text.value !== this.resultText) return;
      this.choose(Math.min(this.at, this.results.length - 1));
      return;
    } else return;
    event.preventDefault();
  }

  choose(at) {
    if (!this.results[at]) return;
    this.chosen = this.results[at];
    this.dialog.close();
  }
}
