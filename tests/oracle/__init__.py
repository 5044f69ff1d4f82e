"""An oracle of the summaries: written from the definitions alone, importing nothing of the product."""
