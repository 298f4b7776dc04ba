// What a reader gets on top when scripts run: sorting, filtering, copying. Every page is whole without them.

const words = {
  nb: { sort: "Sorter etter", copy: "Kopier", copied: "Kopiert", shown: "vises", failed: "Kunne ikke kopiere", suggestions: "Forslag", question: "spørsmål" },
  en: { sort: "Sort by", copy: "Copy", copied: "Copied", shown: "shown", failed: "Could not copy", suggestions: "Suggestions", question: "question" },
};
const language = document.documentElement.lang in words ? document.documentElement.lang : "en";
const say = words[language];
const collator = new Intl.Collator(language === "nb" ? "nb" : "en", { numeric: true, sensitivity: "base" });

// A name as names are compared: the same as citygraph.matching.names.plain, by the letters that the page brings along.
const letters = JSON.parse(document.querySelector("[data-letters]")?.dataset.letters ?? "{}");
const pairs = Object.entries(letters).filter(([written]) => [...written].length > 1);
const inLatin = (text) =>
  [...pairs.reduce((all, [pair, latin]) => all.replaceAll(pair, latin), text)].map((letter) => letters[letter] ?? letter).join("");
function plain(name) {
  const bare = inLatin(name.normalize("NFC")).normalize("NFKD").toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");
  return inLatin(bare).replace(/l·(?=l)/g, "l").replaceAll("&", " and ").split(/[^\p{L}\p{N}_]+/u).filter(Boolean).join(" ");
}
globalThis.citygraphPlain = plain;

for (const table of document.querySelectorAll("table[data-sortable]")) {
  const bodies = [...table.tBodies];
  if (bodies.length < 2) continue;
  const value = (body, column) => {
    const cell = body.rows[0].cells[column];
    return cell ? (cell.dataset.sort ?? cell.textContent.trim()) : "";
  };
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    button.title = `${say.sort} ${heading.textContent}`;
    heading.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = heading.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      const filled = bodies.filter((body) => value(body, column) !== "");
      const empty = bodies.filter((body) => value(body, column) === "");
      filled.sort((one, other) => collator.compare(value(one, column), value(other, column)) * (down ? -1 : 1));
      table.append(...filled, ...empty);
    });
  });
}

for (const list of document.querySelectorAll("[data-filter]")) {
  const items = list.tBodies ? [...list.tBodies] : [...list.children];
  if (items.length < 12) continue;
  const field = document.createElement("p");
  field.className = "filter";
  const input = document.createElement("input");
  input.type = "search";
  input.placeholder = list.dataset.filter;
  input.setAttribute("aria-label", list.dataset.filter);
  const status = document.createElement("span");
  status.className = "quiet";
  status.setAttribute("role", "status");
  field.append(input, status);
  (list.closest(".table-frame") ?? list).before(field);
  input.addEventListener("input", () => {
    const wanted = plain(input.value);
    for (const item of items) item.hidden = !plain(item.textContent).includes(wanted);
    status.textContent = `${items.filter((item) => !item.hidden).length} ${say.shown}`;
  });
}

if (navigator.clipboard) {
  for (const block of document.querySelectorAll("pre[data-copy]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = say.copy;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(block.querySelector("code").textContent);
      button.textContent = say.copied;
      setTimeout(() => (button.textContent = say.copy), 2000);
    });
    block.before(button);
  }
}

for (const button of document.querySelectorAll(".copy-mail")) {
  // As text for any program, and as HTML for those that show it: names are links, and the numbers lead to the sources below.
  const text = document.querySelector("template.mail-text").content.textContent;
  const html = document.querySelector("template.mail-html").innerHTML;
  if (!navigator.clipboard?.write || !globalThis.ClipboardItem) continue;
  const named = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const part = (data, type) => new Blob([data], { type });
    const item = new ClipboardItem({ "text/plain": part(text, "text/plain"), "text/html": part(html, "text/html") });
    button.textContent = await navigator.clipboard.write([item]).then(() => say.copied, () => say.failed);
    setTimeout(() => (button.textContent = named), 2000);
  });
}

for (const button of document.querySelectorAll(".save-png")) {
  // The file of the picture is drawn at twice its size, for slides.
  const link = button.parentElement.querySelector(".save-svg");
  button.hidden = false;
  button.addEventListener("click", () => {
    const picture = new Image();
    picture.addEventListener("load", () => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [2 * picture.naturalWidth, 2 * picture.naturalHeight];
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((data) => {
        const save = document.createElement("a");
        save.href = URL.createObjectURL(data);
        save.download = new URL(link.href).pathname.split("/").at(-1).replace(/svg$/, "png");
        save.click();
        URL.revokeObjectURL(save.href);
      }, "image/png");
    });
    picture.src = link.href;
  });
}

for (const drawing of document.querySelectorAll("[data-centre]")) {
  // On a phone a network is wider than the window; its best-connected member is in the middle.
  drawing.scrollLeft = (drawing.scrollWidth - drawing.clientWidth) / 2;
}

// What the box may mean, told while one types: the pattern of a combobox with a list (ARIA 1.2). Enter without a choice searches.
const form = document.querySelector("form[data-suggest]");
if (form) {
  const box = form.querySelector("input[name=q]");
  const list = document.createElement("ul");
  const status = document.createElement("span");
  list.id = "suggestions";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", say.suggestions);
  status.className = "quiet";
  // Not a status: a page has at most one of those, about what was done.
  status.setAttribute("aria-live", "polite");
  form.append(list, status);
  // A search field must stay one; a text field may be a combobox.
  box.type = "text";
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", list.id]]) box.setAttribute(name, value);
  let [chosen, waiting, asked] = [-1, 0, ""];
  const close = () => {
    list.hidden = true;
    chosen = -1;
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  };
  const choose = (at) => {
    const options = [...list.children];
    chosen = options.length ? (at + options.length) % options.length : -1;
    options.forEach((option, number) => option.setAttribute("aria-selected", String(number === chosen)));
    if (chosen >= 0) {
      box.setAttribute("aria-activedescendant", options[chosen].id);
      options[chosen].scrollIntoView({ block: "nearest" });
    }
  };
  const lead = (option) => {
    const address = new URL(option.dataset.href, location.href);
    if (form.elements.lang) address.searchParams.set("lang", form.elements.lang.value);
    location.assign(address);
  };
  const suggest = async () => {
    const text = box.value.trim();
    if (text.length < 2) return close();
    asked = text;
    const answer = await fetch(`${form.dataset.suggest}?q=${encodeURIComponent(text)}`).catch(() => null);
    // An answer that comes late says nothing about what stands there now.
    if (!answer?.ok || asked !== box.value.trim() || document.activeElement !== box) return;
    const { readings, results } = await answer.json();
    const told = [
      ...results.slice(0, 6).map((each) => [each.name[language], each.kind_name[language], each.page]),
      ...readings.slice(0, 3).map((each) => [each.title[language], say.question, each.page]),
    ];
    list.replaceChildren(...told.map(([name, kind, page], number) => {
      const option = document.createElement("li");
      option.id = `suggestion-${number}`;
      option.dataset.href = page;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      const note = document.createElement("span");
      note.className = "notes";
      note.textContent = kind;
      option.append(name, " ", note);
      return option;
    }));
    status.textContent = told.length ? `${told.length} ${say.suggestions.toLowerCase()}` : "";
    if (!told.length) return close();
    chosen = -1;
    list.hidden = false;
    box.setAttribute("aria-expanded", "true");
  };
  box.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(suggest, 150);
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !list.hidden) close();
    else if (event.key === "ArrowDown" && !list.hidden) choose(chosen + 1);
    else if (event.key === "ArrowUp" && !list.hidden) choose(chosen < 0 ? -1 : chosen - 1);
    else if (event.key === "Enter" && chosen >= 0) lead(list.children[chosen]);
    else return;
    event.preventDefault();
  });
  // The click must come before the box is left.
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) lead(option);
  });
  box.addEventListener("blur", close);
}

// Words of a document that are selected, by mouse, touch or keyboard, go into the form of their sentence.
if (document.querySelector(".reading")) {
  document.addEventListener("selectionchange", () => {
    const selection = getSelection();
    if (selection.isCollapsed) return;
    const range = selection.getRangeAt(0);
    const words = range.startContainer.parentElement?.closest(".sentence .words");
    const form = words?.closest(".sentence").querySelector(".what form");
    const quote = selection.toString().trim();
    if (!form || !quote || !words.contains(range.endContainer)) return;
    const before = document.createRange();
    before.setStart(words, 0);
    before.setEnd(range.startContainer, range.startOffset);
    form.elements.quote.value = quote;
    form.elements.nth.value = before.toString().split(quote).length - 1;
    form.closest("details").open = true;
  });
  // What is typed instead is looked for from the beginning of the sentence.
  document.addEventListener("input", (event) => {
    if (event.target.name === "quote") event.target.form.elements.nth.value = "";
  });
}
