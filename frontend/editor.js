// The query editor on top of the plain text area: colours, names from the graph by what stands before, notes in place, Ctrl + Enter.

import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, startCompletion } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { EditorState, StateEffect, StateField } from "@codemirror/state";
import { Decoration, drawSelection, EditorView, highlightActiveLine, hoverTooltip, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { sparql } from "codemirror-lang-sparql";

const form = document.getElementById("editor");
const area = document.getElementById("query");

const words = [
  "SELECT", "ASK", "CONSTRUCT", "DESCRIBE", "WHERE", "FILTER", "OPTIONAL", "UNION", "MINUS", "BIND", "VALUES", "GRAPH",
  "DISTINCT", "GROUP BY", "HAVING", "ORDER BY", "LIMIT", "OFFSET", "NOT EXISTS", "EXISTS", "COUNT", "LANG", "STR", "PREFIX",
].map((label) => ({ label, type: "keyword" }));

let known;
async function terms() {
  known ??= fetch(form.dataset.terms)
    .then((answer) => answer.json())
    .then(({ prefixes, terms, properties = {}, parameters = {} }) => {
      const labels = new Map(terms.map(({ term, label }) => [term, label === term ? "" : label]));
      return {
        all: [
          ...words,
          ...Object.keys(prefixes).map((prefix) => ({ label: `${prefix}:`, detail: prefixes[prefix], type: "namespace" })),
          ...terms.map(({ term }) => ({ label: term, detail: labels.get(term), type: "variable" })),
        ],
        classes: terms
          .filter(({ kind }) => kind === "class")
          .map(({ term, count }) => counted(term, labels.get(term), count))
          .sort((one, other) => other.count - one.count),
        properties: new Map(
          Object.entries(properties).map(([of, said]) => [of, said.map(([term, count]) => counted(term, labels.get(term), count))]),
        ),
        parameters: new Map(Object.entries(parameters).map(([name, said]) => [`?${name}`, said])),
      };
    })
    .catch(() => ({ all: words, classes: [], properties: new Map(), parameters: new Map() }));
  return known;
}

const counted = (label, name, count) => ({ label, detail: [name, count].filter(Boolean).join(" · "), count, type: "variable" });

// Comments, strings, addresses, variables, names with a colon, words, and any other mark.
const token = /#[^\n]*|"""[^]*?"""|'''[^]*?'''|"[^"\n]*"|'[^'\n]*'|<[^<>"\s]*>|[?$]\w+|[\p{L}\p{N}_.-]*:[\p{L}\p{N}_.:-]*|\w+|[^\s]/gu;
const breaks = /^(?:where|optional|union|minus|graph|exists|not|select|ask|construct|distinct|values|group|order|by|limit|offset|having)$/i;

// Reads a query up to a place: which classes its variables are of, and what would stand at the end of it.
function read(text) {
  const classes = new Map();
  const outer = [];
  let [subject, predicate, place, skipped] = ["", "", "subject", 0];
  for (const [said] of text.matchAll(token)) {
    if (said.startsWith("#")) continue;
    if (said === "(") skipped += 1;
    else if (said === ")") skipped = Math.max(skipped - 1, 0);
    else if (skipped) continue;
    else if (said === "[") {
      outer.push([subject, predicate]);
      [subject, predicate, place] = [`[${outer.length}`, "", "predicate"];
      classes.delete(subject);
    } else if (said === "]") {
      [subject, predicate] = outer.pop() ?? ["", ""];
      place = predicate ? "object" : "predicate";
    } else if (said === "." || said === "{" || said === "}" || breaks.test(said)) [subject, predicate, place] = ["", "", "subject"];
    else if (/^(?:filter|bind)$/i.test(said)) [subject, predicate, place] = ["", "", "subject"];
    else if (said === ";") place = "predicate";
    else if (said === ",") place = "object";
    else if (/^[|/^*+!]$/.test(said)) place = place === "object" || place === "subject" ? "predicate" : place;
    else if (place === "subject") [subject, place] = [said, "predicate"];
    else if (place === "predicate") [predicate, place] = [said, "object"];
    else if (/^(?:a|rdf:type)$/.test(predicate)) classes.set(subject, [...(classes.get(subject) ?? []), said.replace(/\.$/, "")]);
    // A name that ends in a full stop ends the statement too.
    if (!skipped && place === "object" && /:.*\.$/u.test(said)) [subject, predicate, place] = ["", "", "subject"];
  }
  return { classes, subject, predicate, place };
}

// The parameters in the header of a saved question: `#+   network: { type: entity, class: "cg:CityNetwork" }`.
const inHeader = (text) => new Map([...text.matchAll(/^#\+\s+(\w+):\s*\{.*?\bclass:\s*"([^"]+)"/gm)].map(([, name, of]) => [`?${name}`, of]));

// What fits best where a name is being written: classes behind `a`, else the properties of what the subject is.
async function fitting(text, before) {
  const { classes, properties, parameters } = await terms();
  const { subject, predicate, place } = read(before);
  if (place === "object" && /^(?:a|rdf:type)$/.test(predicate)) return classes;
  if (place !== "predicate") return [];
  const of = read(text).classes.get(subject) ?? [inHeader(text).get(subject) ?? parameters.get(subject)?.class];
  const found = new Map(of.flatMap((each) => properties.get(each) ?? []).map((each) => [each.label, each]));
  return [...found.values()].sort((one, other) => other.count - one.count);
}

async function complete(context) {
  const word = context.matchBefore(/[?$]?[\p{L}\p{N}_:.-]+/u);
  const text = word ? word.text : "";
  const from = word ? word.from : context.pos;
  const whole = context.state.doc.toString();
  if (/^[?$]/.test(text)) {
    const { parameters } = await terms();
    const variables = new Set([...(whole.match(/[?$]\w+/g) ?? []), ...parameters.keys()]);
    variables.delete(text);
    return { from, options: [...variables].map((label) => ({ label, detail: parameters.get(label)?.about ?? "", type: "variable" })) };
  }
  const best = await fitting(whole, whole.slice(0, from));
  // Where something fits best it is offered without a letter typed, behind a blank.
  if (!word && !context.explicit && !(best.length && /\s$/.test(whole.slice(0, from)))) return null;
  const { all } = await terms();
  const lower = text.toLowerCase();
  // Labels count too: "oslo" finds id:place-oslo, and so does "member" org:member.
  const rank = ({ label, detail }) =>
    (label.toLowerCase().startsWith(lower) ? 0 : (detail ?? "").toLowerCase().startsWith(lower) ? 1 : 2) * 1000 + label.length;
  const matches = ({ label, detail }) => `${label} ${detail ?? ""}`.toLowerCase().includes(lower);
  const first = best.filter(matches);
  const fits = new Set(first.map(({ label }) => label));
  const others = word || context.explicit ? all.filter((each) => matches(each) && !fits.has(each.label)) : [];
  others.sort((one, other) => rank(one) - rank(other));
  return { from, options: [...first, ...others].slice(0, 100), filter: false };
}

// Notes of the server: unknown terms and prefixes, no LIMIT, facts of other times; in place, and as a list below.
const noted = StateEffect.define();
const notes = StateField.define({
  create: () => Decoration.none,
  update(marks, change) {
    let kept = marks.map(change.changes);
    for (const effect of change.effects) if (effect.is(noted)) kept = effect.value;
    return kept;
  },
  provide: (field) => EditorView.decorations.from(field),
});

const said = hoverTooltip((view, place) => {
  let found = null;
  view.state.field(notes).between(place, place, (from, to, { spec }) => {
    found = { pos: from, end: to, above: true, create: () => ({ dom: Object.assign(document.createElement("div"), { textContent: spec.note, className: "cm-note" }) }) };
  });
  return found;
});

let asking;
let waiting;
async function note() {
  asking?.abort();
  asking = new AbortController();
  const query = view.state.doc.toString();
  const answer = await fetch(form.dataset.notes, { method: "POST", body: new URLSearchParams({ query }), signal: asking.signal }).catch(() => null);
  const found = answer?.ok ? await answer.json().catch(() => []) : [];
  if (view.state.doc.toString() !== query) return;
  const length = view.state.doc.length;
  const marks = found.filter(({ from, to }) => from < to && to <= length).map(({ from, to, text }) => Decoration.mark({ class: "cm-noted", note: text }).range(from, to));
  view.dispatch({ effects: noted.of(Decoration.set(marks, true)) });
  const list = document.getElementById("while-writing");
  list?.replaceChildren(...found.map(({ from, text }) => {
    const line = document.createElement("li");
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: text, className: "to-place" });
    button.addEventListener("click", () => (view.dispatch({ selection: { anchor: Math.min(from, view.state.doc.length) }, scrollIntoView: true }), view.focus()));
    line.append(button);
    return line;
  }));
  // What was told below the answer of the same query is told here now.
  document.getElementById("noted")?.setAttribute("hidden", "");
}
const noteLater = () => {
  clearTimeout(waiting);
  waiting = setTimeout(note, 500);
};

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--derived)", fontWeight: "600" },
  { tag: tags.string, color: "var(--warn)" },
  { tag: [tags.number, tags.bool], color: "var(--warn)" },
  { tag: tags.comment, color: "var(--soft)", fontStyle: "italic" },
  { tag: [tags.variableName, tags.special(tags.variableName)], color: "var(--accent)" },
]);

const look = EditorView.theme({
  "&": { color: "var(--ink)", background: "var(--raised)", border: "1px solid var(--strong-line)", borderRadius: "8px", fontSize: ".95rem" },
  "&.cm-focused": { outline: "3px solid var(--accent)", outlineOffset: "2px" },
  ".cm-content": { fontFamily: "var(--mono)", padding: ".7rem 0", caretColor: "var(--ink)", minHeight: "18rem" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { background: "var(--paper)", color: "var(--soft)", borderRight: "1px solid var(--line)", fontFamily: "var(--mono)" },
  ".cm-activeLine, .cm-activeLineGutter": { background: "color-mix(in srgb, var(--accent-soft) 45%, transparent)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { background: "var(--mark) !important" },
  ".cm-tooltip": { background: "var(--raised)", color: "var(--ink)", border: "1px solid var(--strong-line)", borderRadius: "8px" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { background: "var(--accent)", color: "var(--paper)" },
  ".cm-noted": { textDecoration: "underline wavy var(--warn)", textUnderlineOffset: "4px" },
  ".cm-note": { padding: ".3rem .7rem", maxWidth: "34rem", fontFamily: "var(--sans)" },
  ".cm-completionDetail": { color: "var(--soft)", fontStyle: "normal", marginLeft: "1rem" },
  ".cm-tooltip-autocomplete ul li[aria-selected] .cm-completionDetail": { color: "inherit" },
});

// In a shadow root CodeMirror takes its styles as adopted sheets, which the site's policy allows; style elements it does not.
const host = document.createElement("div");
host.className = "code";
area.after(host);
const view = new EditorView({
  root: host.attachShadow({ mode: "open" }),
  state: EditorState.create({
    doc: area.value,
    extensions: [
      lineNumbers(), history(), drawSelection(), bracketMatching(), closeBrackets(), highlightActiveLine(),
      indentUnit.of("  "), sparql(), syntaxHighlighting(colours), look,
      EditorView.lineWrapping,
      autocompletion({ override: [complete], icons: false, activateOnTyping: true }),
      notes, said,
      EditorView.updateListener.of((change) => {
        if (!change.docChanged || !change.transactions.some((each) => each.isUserEvent("input"))) return;
        // A blank behind `a` or a subject asks for what fits there; other blanks do not.
        const { head } = change.state.selection.main;
        if (change.state.sliceDoc(head - 1, head) === " ") fitting(change.state.doc.toString(), change.state.sliceDoc(0, head)).then((best) => {
          if (best.length && view.state.selection.main.head === head) startCompletion(view);
        });
      }),
      EditorView.updateListener.of((change) => form.dataset.notes && change.docChanged && noteLater()),
      EditorView.contentAttributes.of({
        "aria-label": `${form.querySelector("label").textContent}. ${document.getElementById("editor-hint").textContent}`,
      }),
      // Tab is left alone: it leaves the editor, so that nobody is caught in it (WCAG 2.1.2).
      keymap.of([
        { key: "Mod-Enter", run: () => (form.requestSubmit(), true) },
        ...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap,
      ]),
    ],
  }),
});
host.shadowRoot.append(view.dom);
area.hidden = true;
form.querySelector("label").addEventListener("click", () => view.focus());
form.addEventListener("submit", () => (area.value = view.state.doc.toString()));
// An example that another script of the page puts there.
form.addEventListener("fill", ({ detail }) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: detail } }));
if (form.dataset.notes) note();
