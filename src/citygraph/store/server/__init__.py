"""A graph that lies on a SPARQL server: loaded, switched and asked as if it lay here.

In reading order:

- `connection`: one server that may be written to, its addresses, and who we are to it
- `renaming`: the names of graphs and blank nodes on the server, and the way back
- `loading`: whole graphs to the server and from it, counted
- `versions`: which versions the server holds, and which one is in use
- `snapshot`: one such version, asked like a local one
- `pool`: the questions of a site, passed on to the server
- `capabilities`: what `citygraph doctor` found out about a server
"""
