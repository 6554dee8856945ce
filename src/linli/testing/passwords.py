"""The platform's way of hashing passwords with the least memory and time it allows: tests sign in some thousand times.

What the platform itself is set to is held by ``accounts/tests/test_sign_in.py``.
"""

from django.contrib.auth.hashers import Argon2PasswordHasher


class QuickArgon2(Argon2PasswordHasher):
    time_cost, memory_cost, parallelism = 1, 8, 1
