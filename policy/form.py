"""The form of the database behind ledger and store, and the name of its file."""

from __future__ import annotations

from policy.ledger import FORM as LEDGER

STORE = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE subject (
    pseudonym TEXT PRIMARY KEY,
    handle BLOB NOT NULL UNIQUE,
    keys BLOB NOT NULL,
    file BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE rotation (id TEXT PRIMARY KEY, secret BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE reference (
    subject TEXT NOT NULL REFERENCES subject ON DELETE CASCADE,
    modality TEXT NOT NULL CHECK (modality IN ('face', 'tag')),
    network TEXT NOT NULL,
    record TEXT NOT NULL,
    version INTEGER NOT NULL,
    rotation TEXT NOT NULL,
    sealed BLOB NOT NULL,
    lookup BLOB UNIQUE,
    PRIMARY KEY (subject, modality)
) STRICT, WITHOUT ROWID;
CREATE TABLE backup (id TEXT PRIMARY KEY, path TEXT NOT NULL, upto INTEGER NOT NULL) STRICT, WITHOUT ROWID
"""
FORMS = (LEDGER, STORE)
"""The database's forms, one step each; later ones are added at the end."""

NAME = "threshold.db"
