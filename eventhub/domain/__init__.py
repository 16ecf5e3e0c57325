"""The words and values of the trade: frozen, pure, asking no clock."""
