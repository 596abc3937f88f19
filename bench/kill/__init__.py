"""What the proof of kills is made of: the site, the clients, the strikes, and the look at what is held afterwards."""
