"""What the proof of outages is made of: the site, the live traffic beside it, and the look at what arrived."""
