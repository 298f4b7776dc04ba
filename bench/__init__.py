"""What is measured: one module per promise, each paired with a peer; `make bench` writes docs/benchmarks/."""
