"""The figures this product is held to, re-runnable: `python3 -m campaign bench`. See README.md."""
