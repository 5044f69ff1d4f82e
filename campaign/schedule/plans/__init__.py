"""Plans: a week laid out beside the board, compared with it, and released all or nothing."""
