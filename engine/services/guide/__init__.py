"""Keep the medical guide: what hospitals write of themselves, in versions; one of each hospital's is shown."""
