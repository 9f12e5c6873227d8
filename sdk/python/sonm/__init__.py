"""Client and app worker for SONM nodes: services by name over the Slave protocol. Needs msgpack only."""

from .channel import Channel
from .client import Node, Service
from .errors import DeadlineExceeded, Disconnected, ProtocolError, ServiceError, SonmError
from .worker import Request, Response, Worker

__all__ = [
    "Channel", "DeadlineExceeded", "Disconnected", "Node", "ProtocolError", "Request", "Response", "Service", "ServiceError",
    "SonmError", "Worker",
]
