"""What this part puts into the navigation and the palette."""
