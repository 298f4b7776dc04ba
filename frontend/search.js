// The search of the folder: the same names and the same order as the search of the live site, worked out in the browser.

const found = document.getElementById("found");
const list = document.getElementById("hits");
const language = document.documentElement.lang;
const most = 50;
const near = 0.62;
const toTheLetter = 0.79;
// Names are compared here as site.js compares them, which knows what citygraph.matching.names knows.
const plain = globalThis.citygraphPlain;

// The longest piece that both have, what lies left of it and what lies right of it (Ratcliff and Obershelp).
function matched(one, other) {
  let [best, at, from] = [0, 0, 0];
  let lengths = [];
  for (let i = 0; i < one.length; i++) {
    const next = [];
    for (let j = 0; j < other.length; j++) {
      if (one[i] !== other[j]) continue;
      const length = (lengths[j - 1] ?? 0) + 1;
      next[j] = length;
      if (length > best) [best, at, from] = [length, i - length + 1, j - length + 1];
    }
    lengths = next;
  }
  if (!best) return 0;
  return best + matched(one.slice(0, at), other.slice(0, from)) + matched(one.slice(at + best), other.slice(from + best));
}

function ratio(one, other) {
  return one.length + other.length ? (2 * matched(one, other)) / (one.length + other.length) : 1;
}

// No two words of these letters can be nearer than this; most are left out here.
function atMost(one, other) {
  return (2 * Math.min(one.length, other.length)) / (one.length + other.length);
}

// A word and what is left of it when one letter is missing: two words with a slip between them share one.
function variants(word) {
  const short = word.slice(0, 30);
  return short.length < 3 ? [short] : [short, ...[...short].map((_, i) => short.slice(0, i) + short.slice(i + 1))];
}

// What a name must share with the text to be looked at more closely: its beginning, three letters, or a slip.
function looksLike(wanted, asked) {
  const slips = new Set(asked.slice(0, 6).flatMap(variants));
  const pieces = asked.slice(0, 6).flatMap((word) => [...word.slice(2)].map((_, i) => word.slice(i, i + 3)));
  return (name) => name.startsWith(wanted) || pieces.some((piece) => name.includes(piece)) ||
    name.split(" ").some((word) => variants(word).some((each) => slips.has(each)));
}

function score(wanted, asked, name) {
  if (name === wanted) return 1;
  const longer = Math.min(name.length - wanted.length, 40) / 1000;
  if (name.startsWith(wanted)) return 0.95 - longer;
  if (` ${name}`.includes(` ${wanted}`)) return 0.9 - longer;
  const words = name.split(" ");
  if (asked.every((each) => words.some((word) => word.startsWith(each)))) return 0.85;
  if (name.includes(wanted)) return 0.8;
  const nearest = [];
  for (const each of asked) {
    const best = Math.max(0, ...words.map((word) => (atMost(word, each) >= near ? ratio(word, each) : 0)));
    if (best < near) return 0;
    nearest.push(best);
  }
  const mean = nearest.reduce((sum, each) => sum + each, 0) / nearest.length;
  return 0.79 * (0.9 * mean + 0.1 * ratio(wanted, name));
}

async function fetched(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.json();
}

async function rowsFor(index, asked) {
  if (!index.parts) return index.rows;
  // A slip may be in the first letter: the parts of the second letters are looked through too.
  const parts = new Set(asked.flatMap((word) => [...word.slice(0, 2)]).map((letter) => (/[a-z0-9]/.test(letter) ? letter : "other")));
  const here = [...parts].filter((part) => index.parts.includes(part));
  const pieces = await Promise.all(here.map((part) => fetched(new URL(`part-${part}.json`, new URL(found.dataset.index, location.href)))));
  return [...new Map(pieces.flatMap((piece) => piece.rows).map((row) => [row[1], row])).values()];
}

// The best hit of each page for a text as names are compared.
function bestOf(rows, wanted, share = 1) {
  const asked = wanted.split(" ");
  const isLike = looksLike(wanted, asked);
  const best = new Map();
  for (const [kind, page, term, nb, en, names, spellings] of wanted ? rows : []) {
    let hit = { score: 0 };
    const consider = (compared, name, most) => {
      const reached = isLike(compared) ? score(wanted, asked, compared) * most * share : 0;
      if (reached > hit.score) hit = { score: reached, name };
    };
    for (const name of names) consider(plain(name), name, 1);
    // What is called so comes before what is called so elsewhere.
    for (const [compared, place] of spellings) consider(compared, names[place], 0.99);
    if (hit.score > 0) best.set(page, { ...hit, kind, page, term, label: names[language === "nb" ? nb : en] });
  }
  return best;
}

// The parts of a name that a slash, a dash or a hyphen joins: the same as citygraph.matching.names.name_parts.
function nameParts(name) {
  for (const between of [" / ", "/", " | ", "|", " – ", " — ", " - ", "–", "-"]) {
    const parts = name.split(between).map((part) => part.trim());
    if (parts.length > 1) return parts.every((part) => [...part].length >= 3) ? parts : [];
  }
  return [];
}

function hitsOf(rows, first, name) {
  const place = (kind) => (first.includes(kind) ? first.indexOf(kind) : first.length);
  const best = bestOf(rows, plain(name));
  // Of a name in two parts that nothing bears, what bears a part of it comes near.
  if ([...best.values()].every((hit) => hit.score <= toTheLetter)) {
    for (const part of nameParts(name)) {
      for (const [page, hit] of bestOf(rows, plain(part), toTheLetter)) {
        if (hit.score > (best.get(page)?.score ?? 0)) best.set(page, hit);
      }
    }
  }
  // To two places, the way that Python rounds: by what the number is, not by what it looks like.
  const rounded = ({ score }) => Number(score.toFixed(2));
  const hits = [...best.values()].sort((a, b) =>
    rounded(b) - rounded(a) || place(a.kind) - place(b.kind) || b.score - a.score ||
    a.name.length - b.name.length || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0) || (a.term < b.term ? -1 : 1));
  return hits.slice(0, most);
}

function line(hit, kinds) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = `../${hit.page}`;
  link.textContent = hit.label;
  const badge = document.createElement("span");
  badge.className = "badge view";
  badge.textContent = kinds[hit.kind][language] ?? kinds[hit.kind].en;
  item.append(link, " ", badge);
  if (hit.name !== hit.label) {
    const matchedName = document.createElement("span");
    matchedName.className = "notes";
    matchedName.textContent = hit.name;
    item.append(" ", matchedName);
  }
  return item;
}

const text = (new URLSearchParams(location.search).get("q") ?? "").trim().slice(0, 100);
const filled = (words, values) => words.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);

if (text) {
  for (const field of document.querySelectorAll("input[name=q]")) field.value = text;
  try {
    const index = await fetched(found.dataset.index);
    const wanted = plain(text);
    const hits = wanted ? hitsOf(await rowsFor(index, wanted.split(" ")), index.first, text) : [];
    list.replaceChildren(...hits.map((hit) => line(hit, index.kinds)));
    const { one, many, none, near: nearly } = found.dataset;
    const words = hits.length === 0 ? none : `${hits.length === 1 ? one : many}.${hits[0].score <= toTheLetter ? ` ${nearly}` : ""}`;
    found.textContent = filled(words, { text, count: hits.length });
    document.title = `${text} – ${document.title}`;
  } catch {
    found.textContent = found.dataset.failed;
  }
  found.dataset.done = "";
}
