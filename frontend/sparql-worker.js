// Answers queries in the browser: the Oxigraph engine over the graph of the folder. Whoever asked may end this worker.

import init, { namedNode, defaultGraph, Store } from "oxigraph/web.js";
import engine from "oxigraph/web_bg.wasm?url";

const labels = [
  "http://www.w3.org/2004/02/skos/core#prefLabel", "http://www.w3.org/2000/01/rdf-schema#label",
  "http://xmlns.com/foaf/0.1/name", "http://purl.org/dc/terms/title", "https://schema.org/name",
];
let store;

async function unpacked(data) {
  // A server may have unpacked the file already, saying that the packing was one for the way.
  if (data[0] !== 0x1f || data[1] !== 0x8b) return data;
  const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function load(address) {
  const [answer] = await Promise.all([fetch(address), init({ module_or_path: engine })]);
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  const data = await unpacked(new Uint8Array(await answer.arrayBuffer()));
  store = new Store();
  store.load(data, { format: "application/n-quads", no_transaction: true, lenient: true });
  // The default graph holds each statement once, whatever graphs it stands in: a union would count it twice.
  store.update("INSERT { ?s ?p ?o } WHERE { GRAPH ?g { ?s ?p ?o } }");
}

function labelOf(term, language) {
  let any = "";
  for (const iri of labels) {
    for (const { object } of store.match(term, namedNode(iri), null, defaultGraph())) {
      if (object.termType !== "Literal") continue;
      if (object.language === language) return object.value;
      any ||= object.value;
    }
  }
  return any;
}

function cell(term, language, known) {
  if (!term || term.type !== "uri") return term ?? null;
  if (!known.has(term.value)) known.set(term.value, labelOf(namedNode(term.value), language));
  return { ...term, label: known.get(term.value) };
}

// Strings, addresses and comments say nothing about the form of a query; the first word that is left does.
function formOf(query) {
  const bare = query.replace(/"""[^]*?"""|'''[^]*?'''|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|<[^<>\s]*>|#[^\n]*/g, " ");
  return bare.match(/\b(select|ask|construct|describe)\b/i)?.[1].toLowerCase() ?? "select";
}

function ask({ query, shown, language }) {
  const known = new Map();
  if (["construct", "describe"].includes(formOf(query))) {
    const quads = store.query(query, {});
    const term = (each) => (each.termType === "NamedNode" ? { type: "uri", value: each.value }
      : each.termType === "Literal" ? { type: "literal", value: each.value, "xml:lang": each.language } : { type: "bnode", value: each.value });
    const rows = quads.slice(0, shown).map(({ subject, predicate, object }) => [subject, predicate, object].map(term));
    return { graph: true, columns: [], count: quads.length, rows: rows.map((row) => row.map((each) => cell(each, language, known))) };
  }
  // As a document the answer names its columns, in their order and those without a value too.
  const { head, boolean, results } = JSON.parse(store.query(query, { results_format: "json" }));
  if (boolean !== undefined) return { truth: boolean };
  const rows = results.bindings.slice(0, shown).map((row) => head.vars.map((name) => cell(row[name], language, known)));
  return { columns: head.vars, count: results.bindings.length, rows };
}

onmessage = async ({ data }) => {
  try {
    if (!store) {
      await load(data.graph);
      postMessage({ loaded: store.size });
    }
    postMessage({ answer: ask(data) });
  } catch (error) {
    postMessage({ fault: String(error?.message ?? error) });
  }
};
