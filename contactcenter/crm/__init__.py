"""The store and the CRM's nouns: the edge to the database, and the only importer of SQLAlchemy.

`store.py` opens the database, reads and writes. Every other module is one noun: plain functions whose first
argument is the connection, run by `await store.read(cards.get, id)` or `await store.write(...)`. Several
such calls become one transaction by wrapping them in one function.
"""
