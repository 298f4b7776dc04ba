"""The graph over HTTP: pages for people, files for programs, a SPARQL endpoint that cannot be knocked over."""
