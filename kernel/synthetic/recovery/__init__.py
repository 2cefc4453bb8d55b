"""What is done about a store that is damaged.

`damage` keeps a copy of a database that SQLite calls damaged, and says what the
ways out are. `pages`, `write_ahead`, `cells`, `records` and `trees` read a
database file page by page, without SQLite, which gives up at the first page
that it does not understand; `schemas`, `tables`, `loading` and `recovering` make
a new store of what they find. `repairs` mends what can be mended in place.
"""
