"""The press: everything XML; no other room handles a tree."""
