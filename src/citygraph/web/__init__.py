"""The graph over HTTP: pages for people, files for programs, a SPARQL endpoint that cannot be knocked over.

In reading order: `app` is the site, its route table and what happens around every request, its line in the
log too. `server` runs it in uvicorn on connections that no client can hold on to, within the `limits` of graph.toml.
`requests` reads what a request says of itself and refuses it. `service` holds the version in use and its workers, and
`background` other days, proofs and figures. `sparql` is the endpoint, `sparql_protocol` how its requests
are read and its answers made, sent and kept, `fast` a shorter way to those that need no worker, `description` what the
site says of itself to programs, `status` what it says to its operator. Pages are in `pages`, OpenRefine's protocol in `reconcile`, the forms that write in `desk`, the pages as files in `site`.
"""
