"""Drawing on a plane: random fields, lines and patterns, which several phantoms are made of."""
