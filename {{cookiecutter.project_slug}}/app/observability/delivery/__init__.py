"""How what was captured leaves: prepared, in a line, errors first, and told if it is lost."""
