#!/usr/bin/env python
"""An app worker of the old Python framework."""
import old_names  # noqa: F401  isort: skip

from cocaine.exceptions import ChokeEvent
from cocaine.services import Service
from cocaine.worker import Worker

storage = Service("storage")

def echo(request, response):
    """Each chunk, until the client says that there are no more."""
    try:
        while True:
            response.write((yield request.read()))
    except ChokeEvent:
        response.close()


def length(request, response):
    """How long the value of a key is: asks the storage through the locator."""
    key = yield request.read()
    channel = yield storage.read("collection", key)
    response.write(str(len((yield channel.rx.get()))))


def tell_header(request, response):
    response.write(dict(request.headers).get(b"x-word", b"none"))


def fail(request, response):
    raise RuntimeError("as asked")


Worker().run({"echo": echo, "length": length, "header": tell_header, "fail": fail})
