"""Why a statement follows, or why it does not: proofs, found backwards over the flat rules, in words.

Read in this order:

- `facts`: the triples of a closure, found by any of their terms, and how an atom matches one;
- `prover`: what a proof is, and how the shortest is found;
- `calendar`: the two rules before OWL, explained;
- `why_not`: the rule that comes nearest to what does not follow;
- `words`: statements, rules and gaps as sentences;
- `explain`: a statement of a project to its explanation, as a tree, JSON, Mermaid or HTML, and a contradiction to a
  finding.
"""
