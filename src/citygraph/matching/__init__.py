"""Names taken apart, compared and scored: what reviews of links and imports of lists both need."""
