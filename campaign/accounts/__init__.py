"""Users, memberships, sign-ins, API keys, connectors, and what each role may do."""
