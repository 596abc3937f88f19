"""What the proof of the registers is made of: the site, the senders, and the look at what is held afterwards."""
