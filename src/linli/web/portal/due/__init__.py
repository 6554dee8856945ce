"""What residents and employers are due, and calculators that anybody may use."""
