"""The portal: what anybody may read and check."""
