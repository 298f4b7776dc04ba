// What a reader gets on top when scripts run: sorting, filtering, copying. Every page is whole without them.

const words = {
  nb: { sort: "Sorter etter", copy: "Kopier", copied: "Kopiert", shown: "vises" },
  en: { sort: "Sort by", copy: "Copy", copied: "Copied", shown: "shown" },
};
const language = document.documentElement.lang in words ? document.documentElement.lang : "en";
const say = words[language];
const collator = new Intl.Collator(language === "nb" ? "nb" : "en", { numeric: true, sensitivity: "base" });

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
  const items = [...list.children];
  if (items.length < 12) continue;
  const fold = (text) =>
    text.toLowerCase().replace(/ø/g, "o").replace(/æ/g, "ae").normalize("NFKD").replace(/\p{M}/gu, "");
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
  list.before(field);
  input.addEventListener("input", () => {
    const wanted = fold(input.value.trim());
    for (const item of items) item.hidden = !fold(item.textContent).includes(wanted);
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

for (const drawing of document.querySelectorAll("[data-centre]")) {
  // On a phone a network is wider than the window; its best-connected member is in the middle.
  drawing.scrollLeft = (drawing.scrollWidth - drawing.clientWidth) / 2;
}
