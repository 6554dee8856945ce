"""The part of the portal that is somebody's own: signing in, the account, mandates, one's data and one's rights."""
