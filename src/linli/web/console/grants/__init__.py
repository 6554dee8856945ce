"""Grants without an application: lists, objections, payments, claw-backs and the ledger."""
