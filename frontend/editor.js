// The query editor on top of the plain text area: colours, names from the graph, Ctrl + Enter.

import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
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
    .then(({ prefixes, terms }) => [
      ...words,
      ...Object.keys(prefixes).map((prefix) => ({ label: `${prefix}:`, detail: prefixes[prefix], type: "namespace" })),
      ...terms.map(({ term, label }) => ({ label: term, detail: label === term ? "" : label, type: "variable" })),
    ])
    .catch(() => words);
  return known;
}

async function complete(context) {
  const word = context.matchBefore(/[?$]?[\p{L}\p{N}_:.-]+/u);
  if (!word && !context.explicit) return null;
  const from = word ? word.from : context.pos;
  const text = word ? word.text : "";
  if (/^[?$]/.test(text)) {
    const variables = new Set(context.state.doc.toString().match(/[?$]\w+/g));
    variables.delete(text);
    return { from, options: [...variables].map((label) => ({ label, type: "variable" })) };
  }
  const all = await terms();
  const lower = text.toLowerCase();
  // Labels count too: "oslo" finds id:place-oslo, and so does "member" org:member.
  const rank = ({ label, detail }) =>
    (label.toLowerCase().startsWith(lower) ? 0 : (detail ?? "").toLowerCase().startsWith(lower) ? 1 : 2) * 1000 + label.length;
  const options = all
    .filter(({ label, detail }) => `${label} ${detail ?? ""}`.toLowerCase().includes(lower))
    .sort((one, other) => rank(one) - rank(other))
    .slice(0, 100);
  return { from, options, filter: false };
}

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
      autocompletion({ override: [complete], icons: false }),
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
