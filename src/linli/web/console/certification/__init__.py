"""Certification of who may go on receiving a benefit, for the officers who look after it."""
