"""Internal."""

build_loader = sql = None
