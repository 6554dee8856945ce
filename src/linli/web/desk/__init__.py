"""The desk: where clerks, reviewers, issuers and supervisors work."""
