"""How fast the bundle is beside its float form and beside networks of published shapes."""
