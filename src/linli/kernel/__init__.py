"""The ground every room stands on: calendar arithmetic, identifiers, cryptography, money, errors. No tables, no HTTP."""
