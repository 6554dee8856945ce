"""Slowing down whoever tries again and again from one address; the interface does it too, so it stands in the kernel."""

from linli.kernel.throttle import Throttle, network

__all__ = ["Throttle", "network"]
