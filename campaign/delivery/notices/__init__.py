"""Notices to people: read in app, sent on to chat groups and mailboxes by channels of each party."""
