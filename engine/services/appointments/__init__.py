"""Keep the one pool of seats in step with the hospitals, and move every order exactly as its hospital decides."""
