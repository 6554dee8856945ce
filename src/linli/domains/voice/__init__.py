"""民声: what people ask for that is no item of service. It begins here with registering it; nobody is turned away."""
