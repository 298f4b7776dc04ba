// The SPARQL page of the folder: a worker answers, and is ended when it takes too long. Nothing leaves this machine.

const form = document.getElementById("editor");
const words = form.dataset;
const status = document.getElementById("status");
const result = document.getElementById("result");
const section = document.getElementById("answer-section");
const language = document.documentElement.lang;
const shown = 500;
const seconds = { loading: 120, answering: 20 };
// More than this, packed, does not fit into the memory that a browser gives a page.
const most = 40e6;

let worker;
let timer;
let pages;

const filled = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
const prefixes = new Map([...document.querySelectorAll(".prefix-list > div")].map((each) => [
  each.querySelector("dt").textContent.trim().slice(0, -1), each.querySelector("dd").textContent.trim(),
]));

function element(name, text = "", attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function short(iri) {
  for (const [prefix, namespace] of prefixes) {
    const local = iri.startsWith(namespace) ? iri.slice(namespace.length) : "";
    if (/^[\p{L}\p{N}_](?:[\p{L}\p{N}_.-]*[\p{L}\p{N}_-])?$/u.test(local)) return `${prefix}:${local}`;
  }
  return iri;
}

// Which things have a page here, by short name; a large index is in parts, and then names are shown without links.
async function pagesByTerm() {
  pages ??= fetch(words.names)
    .then((answer) => answer.json())
    .then(({ rows }) => new Map(rows.map(([, page, term]) => [term, `../${page}`])))
    .catch(() => new Map());
  return pages;
}

function cell(term, known) {
  const made = element("td");
  if (!term) return made;
  if (term.type !== "uri") {
    made.textContent = term.type === "literal" ? term.value : JSON.stringify(term.value);
    if (term["xml:lang"]) made.lang = term["xml:lang"];
    if (/^-?\d+(\.\d+)?$/.test(term.value)) made.className = "number";
    return made;
  }
  const name = short(term.value);
  const text = term.label || name;
  const page = known.get(name);
  if (page) made.append(element("a", text, { href: page, title: name }));
  else if (/^https?:\/\//.test(term.value)) made.append(element("a", text, { href: term.value, title: name, rel: "external noopener", class: "external" }));
  else made.textContent = text;
  return made;
}

function table(answer, known) {
  const frame = element("div", "", { class: "table-frame", role: "group", "aria-label": words.answer, tabindex: "0" });
  const made = element("table", "", { class: "answer" });
  if (answer.columns.length) {
    const head = made.createTHead().insertRow();
    head.append(...answer.columns.map((name) => element("th", name, { scope: "col" })));
  }
  const body = made.createTBody();
  for (const row of answer.rows) body.insertRow().append(...row.map((term) => cell(term, known)));
  frame.append(made);
  return frame;
}

async function show(answer) {
  if (answer.truth !== undefined) {
    status.textContent = answer.truth ? words.yes : words.no;
    return;
  }
  const { count, rows, graph } = answer;
  const many = graph ? words.triples : count === 1 ? words.one : words.rows;
  status.textContent = filled(many, { count }) + (rows.length < count ? ` · ${filled(words.cut, { shown: rows.length, count })}` : "");
  if (count) result.replaceChildren(table(answer, await pagesByTerm()));
}

function fail(...lines) {
  status.textContent = "";
  const box = element("div", "", { class: "fault", role: "alert" });
  box.append(...lines.map((line) => element("p", line)));
  result.replaceChildren(box);
}

function stop() {
  clearTimeout(timer);
  worker?.terminate();
  worker = undefined;
}

function deadline(limit) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    stop();
    fail(filled(words.tooLong, { seconds: limit }));
  }, limit * 1000);
}

function heard({ data }) {
  if (data.loaded !== undefined) {
    status.textContent = words.working;
    deadline(seconds.answering);
    return;
  }
  clearTimeout(timer);
  if (data.fault) fail(words.failed, data.fault);
  else show(data.answer);
}

async function start() {
  const head = await fetch(words.graph, { method: "HEAD" });
  const bytes = Number(head.headers.get("content-length"));
  const size = new Intl.NumberFormat(language, { maximumFractionDigits: 1 }).format(bytes / 1e6);
  if (bytes > most) {
    fail(filled(words.tooLarge, { size }));
    return false;
  }
  status.textContent = filled(words.loading, { size });
  worker = new Worker(new URL("./sparql-worker.js", import.meta.url), { type: "module", name: "sparql" });
  worker.onmessage = heard;
  worker.onerror = (event) => {
    stop();
    fail(words.failed, event.message ?? "");
  };
  deadline(seconds.loading);
  return true;
}

// Prefixes are known here as on the live site; those that the query writes itself are left alone.
function withPrefixes(query) {
  const own = new Set([...query.matchAll(/prefix\s+([\p{L}\p{N}_.-]*):/giu)].map((match) => match[1]));
  const missing = [...prefixes].filter(([prefix]) => !own.has(prefix));
  return `${missing.map(([prefix, namespace]) => `PREFIX ${prefix}: <${namespace}>`).join(" ")} ${query}`;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const query = document.getElementById("query").value;
  section.hidden = false;
  result.replaceChildren();
  status.textContent = words.working;
  if (worker) deadline(seconds.answering);
  else if (!(await start())) return;
  worker.postMessage({ query: withPrefixes(query), shown, language, graph: new URL(words.graph, location.href).href });
});

const examples = document.getElementById("example");
function fill(query) {
  document.getElementById("query").value = query;
  form.dispatchEvent(new CustomEvent("fill", { detail: query }));
}
document.getElementById("load-example").addEventListener("click", () => fill(examples.selectedOptions[0].dataset.query));
const wanted = [...examples.options].find((each) => each.value === new URLSearchParams(location.search).get("example"));
if (wanted) {
  wanted.selected = true;
  fill(wanted.dataset.query);
}
for (const each of document.querySelectorAll(".needs-scripts")) each.hidden = false;
