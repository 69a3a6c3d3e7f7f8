"""A form with files, read as it comes: fields first, then each file piece by piece.

Nothing is kept anywhere: whoever reads the files decides what becomes of them, after the fields
that came before them have been looked at.
"""

from __future__ import annotations

from collections.abc import Iterator

import flask
from werkzeug.exceptions import BadRequest, ClientDisconnected, RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from kms.web.origin import LARGEST_BODY, MOST_PARTS

MULTIPART = "multipart/form-data"
PIECE = 1 << 16  # bytes read at once
LONGEST_BOUNDARY = 200  # RFC 2046 says 70, and programs are known that send a little more


class Parcel:
    """The body of one request, read once from its beginning to its end."""

    def __init__(self, request: flask.Request, *, most: int) -> None:
        """Read the fields before the first file; `most` is the bytes of the whole body.

        Raises `RequestEntityTooLarge` when more is announced or the fields are too long, and
        `BadRequest` when the body is not what it says.
        """
        if (request.content_length or 0) > most:
            raise RequestEntityTooLarge
        request.max_content_length = most
        boundary = request.mimetype_params.get("boundary", "").encode("ascii", "replace")
        if not 0 < len(boundary) <= LONGEST_BOUNDARY:
            raise BadRequest
        self._stream = request.stream
        self._decoder = MultipartDecoder(boundary, PIECE * 4, max_parts=MOST_PARTS + 20)
        self._file: File | None = None
        self.fields: dict[str, str] = {}
        self._read_fields()

    def files(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Give each file's name, as it was sent, with its content; empty ones have no name.

        Raises `BadRequest` when the body ends before its end, as when a browser goes away.
        """
        while self._file is not None:
            file, self._file = self._file, None
            pieces = self._pieces()
            if file.filename:
                yield file.filename, pieces
            for _ in pieces:  # what nobody read
                pass
            event = self._next()
            if isinstance(event, File):
                self._file = event
            elif not isinstance(event, Epilogue):
                raise BadRequest  # a field after a file could not be looked at before it

    def _read_fields(self) -> None:
        size = 0
        while not isinstance(event := self._next(), Epilogue):
            if isinstance(event, File):
                self._file = event
                return
            if isinstance(event, Field):
                size += len(event.name or "")
                value = b""
                for piece in self._pieces():  # no more of it than is taken is ever held
                    value, size = value + piece, size + len(piece)
                    if size > LARGEST_BODY:
                        raise RequestEntityTooLarge
                self.fields.setdefault(event.name or "", value.decode("utf-8", "replace"))

    def _pieces(self) -> Iterator[bytes]:
        while True:
            event = self._next()
            if not isinstance(event, Data):
                raise BadRequest
            if event.data:
                yield bytes(event.data)
            if not event.more_data:
                return

    def _next(self) -> Event:
        try:
            while isinstance(event := self._decoder.next_event(), NeedData):
                piece = self._stream.read(PIECE)
                self._decoder.receive_data(piece or None)
        except (ValueError, ClientDisconnected) as error:
            raise BadRequest from error
        return event
