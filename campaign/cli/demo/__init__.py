"""Demo data: a small base in Xinji with two weeks of sessions, made through the product's own verbs."""
