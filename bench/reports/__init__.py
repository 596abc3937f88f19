"""What the proof of reports is made of: the site, the changes, those who push them, the portal that looks, the hospital that is asked."""
