"""The cellar: database, journal, queue and their migrations."""
