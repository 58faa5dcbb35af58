"""A look at all that guarding through OpenAlgo rests on."""
