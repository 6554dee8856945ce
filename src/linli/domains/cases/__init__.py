"""办件: the spine. Intake, acceptance, the draw, the clock, review, decision, issue, delivery."""
