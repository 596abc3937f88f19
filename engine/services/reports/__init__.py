"""Laboratory and examination reports of every hospital: one status log, one form of content, who may see them."""
