#!/usr/bin/env python
"""What a program of those days does, with the old Python framework: --protocol 1 --locator HOST:PORT --app NAME."""
import old_names  # noqa: F401  isort: skip

from cocaine.detail.defaults import Defaults
from cocaine.exceptions import ChokeEvent, ServiceError
from cocaine.logger import Logger
from cocaine.services import Locator, Service
from tornado import gen, ioloop

app = Defaults.app


@gen.coroutine
def ask(service, method, *args, **headers):
    channel = yield getattr(service, method)(*args, **headers)
    raise gen.Return((yield channel.rx.get(timeout=20)))


@gen.coroutine
def enqueue(service, event, *chunks, **headers):
    """All chunks of the answer."""
    channel = yield service.enqueue(event, **headers)
    for chunk in chunks:
        yield channel.tx.write(chunk)
    yield channel.tx.close()
    out = []
    try:
        while True:
            chunk = yield channel.rx.get(timeout=20)
            if not isinstance(chunk, bytes):
                break
            out.append(chunk)
    except ChokeEvent:
        pass
    raise gen.Return(out)


@gen.coroutine
def fails(future):
    try:
        result = yield future
    except ServiceError as error:
        raise gen.Return((error.category, error.code))
    raise AssertionError("answered %r" % (result,))


@gen.coroutine
def check_locator():
    locator = Locator()
    endpoints, version, graph = yield ask(locator, "resolve", "storage")
    assert endpoints and version == 1, (endpoints, version)
    assert graph[0][0] == b"read" and graph[1][0] == b"write", graph
    assert (yield fails(ask(locator, "resolve", "nobody"))) == (10, 1)
    assert isinstance((yield ask(locator, "cluster")), dict)
    locator.disconnect()


@gen.coroutine
def check_storage():
    storage = Service("storage")
    blob = bytes(bytearray(range(256))) * 300
    yield ask(storage, "write", "old", "key", blob, ["first", "second"])
    assert (yield ask(storage, "read", "old", "key")) == blob
    assert (yield ask(storage, "find", "old", ["first", "second"])) == [b"key"]
    # The same headers again and again: kept in the table, then sent by number.
    for trace in range(1, 6):
        answer = yield ask(storage, "read", "old", "key", authorization="Basic dG9rZW4=", trace_id=trace, span_id=2, parent_id=0)
        assert answer == blob
    yield ask(storage, "remove", "old", "key")
    assert (yield fails(ask(storage, "read", "old", "key"))) == (12, 2)
    assert (yield ask(storage, "find", "old", ["first"])) == []


@gen.coroutine
def check_logging():
    logger = Logger()
    for level in ("debug", "info", "warn", "error"):
        getattr(logger, level)("from the old client: " + level, extra={"user": 7, "share": 0.5, "last": level == "error"})
    logging = Service("logging")
    verbosity = yield ask(logging, "verbosity")
    assert verbosity in (0, 1, 2, 3), verbosity
    # Its writes are not acknowledged: the test looks for them in the node's log.
    while logger.queue.qsize():
        yield gen.sleep(0.05)
    yield gen.sleep(0.3)


@gen.coroutine
def check_app():
    storage = Service("storage")
    yield ask(storage, "write", "collection", "measured", b"x" * 1234, [])
    service = Service(app)
    assert (yield enqueue(service, "echo", b"one", b"two \xff\x00", b"x" * 100000)) == [b"one", b"two \xff\x00", b"x" * 100000]
    assert (yield enqueue(service, "length", "measured")) == [b"1234"]
    assert b"".join((yield enqueue(service, "header", **{"x-word": "carried"}))) == b"carried"
    assert (yield fails(enqueue(service, "fail")))[1] != 0
    assert (yield fails(enqueue(service, "no such event")))[1] != 0
    many = yield [enqueue(service, "echo", str(i)) for i in range(50)]
    assert many == [[str(i).encode()] for i in range(50)], many
    info = yield ask(service, "info")
    assert info[b"state"] == b"running", info


@gen.coroutine
def main():
    for check in (check_locator, check_storage, check_logging, check_app):
        yield check()
        print(check.__name__ + " ok")


ioloop.IOLoop.current().run_sync(main, timeout=60)
