"""Persons and employers: encrypted numbers, masking, and who looked at whose record."""
