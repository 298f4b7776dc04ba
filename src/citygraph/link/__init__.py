"""Names to candidates to reviewed links: suggest, review, check, compare, push, fetch."""
