"""Names taken apart, compared and scored: what reviews of links and imports of lists both need.

In reading order: `names` takes a name apart, `cities` knows what cities are called elsewhere, `things` says what is
compared, `score` how alike two things are, and which of thousands come near a name. `withheld` knows names by their hash.
"""
