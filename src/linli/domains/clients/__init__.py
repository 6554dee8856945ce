"""接入系统: other systems that use the API, and what they are told by webhook."""
