"""What the proof of booking is made of: a site with two engines and two hospitals, clients, and what is held against what."""
