"""Membership lists to Turtle: read, clean, match, write, and account for every row.

In reading order:

- `run`: the whole of one import, from rows to statements; begin here.
- `mapping`: map.toml, which says what the columns of a list mean; `draft` begins one.
- `read`, `tables`: a CSV or XLSX file to rows; `xlsx`: what the XML of a workbook says by itself.
- `layout`: where the table begins, what stands between its rows.
- `cells`, `dates`: what one cell says; when and whether it is over.
- `countries`, `places`: countries and their states by name; well-known cities, and what can be a member, found by name.
- `kinds`: city, region or organisation, by a column or by the words of a name.
- `asking`: the city that a row asks for, its name taken apart.
- `earth`: where a point lies.
- `claims`: what a row states of networks; `entries`: the rows, each with the city that it asks for and its claims.
- `known`: what the graph and earlier editions of the list say; what has changed.
- `who`, `networks`: which city and which network are meant.
- `write`: the statements.
- `report`: the report of every row, and the review for what a person must decide.
"""
