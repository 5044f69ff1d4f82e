"""Xinji Live: the campaign package. Imports nothing, so that set-up runs on a bare Python."""
