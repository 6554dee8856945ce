"""What the desk does for residents' own affairs: start codes, mandates on paper, objections to answer."""
