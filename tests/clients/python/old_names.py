"""What Python and its libraries have changed since that framework was written. Import it first."""
import collections
import collections.abc
import io

import six.moves

for name in ("Awaitable", "Callable", "Iterable", "Mapping", "MutableMapping", "MutableSequence"):
    if not hasattr(collections, name):
        setattr(collections, name, getattr(collections.abc, name))


class OldBuffer(io.BytesIO):
    """As cStringIO was: of bytes, and at its start again when it is truncated."""

    def truncate(self, size=None):
        super().truncate(size)
        self.seek(0, io.SEEK_END)


six.moves.cStringIO = OldBuffer
