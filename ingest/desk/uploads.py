"""Files a steward puts in by hand: kept apart, looked at, then taken in as any file is.

An upload is a folder under a random name that only its owner may read. What is taken in is what
was looked at: the hash of the files is compared before.
"""

from __future__ import annotations

import fcntl
import logging
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from ingest.desk.entered import is_entered
from ingest.desk.looking import look
from ingest.load import load
from ingest.snapshot import content_sha256
from ingest.source import Source, all_sources, source_named
from kms.config import Settings, now
from kms.domain.desk.uploads import TABLE, TIDY, Choice, Part, Preview, Upload
from kms.domain.intake import IntakeReport
from kms.errors import ConfigError, ContractError, DataError, FetchError, NoDataError
from kms.store.engine import Store
from kms.store.open import refuse_synthetic

log = logging.getLogger(__name__)
STAYS = timedelta(days=1)
FRESH = timedelta(minutes=5)  # for which a preview is shown again; others may take files in, too
MEGABYTE = 1 << 20
MOST_PARTS = 50
LONGEST_NAME = 120
MOST_WAITING = 30
ID = re.compile(r"[0-9a-f]{32}")
_KEPT = re.compile(r"[^\w .,()+@=&#-]")  # everything else in a file's name becomes _
_ABOUT, _SEEN, _PARTS, _LOCK = "upload.json", "preview.json", "parts", ".lock"
_UPLOAD, _PREVIEW = TypeAdapter(Upload), TypeAdapter(Preview)


@dataclass(frozen=True)
class UploadDesk:
    """What `kms.domain.desk.uploads.Uploads` asks, on one store."""

    store: Store
    settings: Settings

    @property
    def largest(self) -> int:
        """Bytes that one upload may have."""
        return self.settings.upload_mb * MEGABYTE

    def closed(self) -> str:
        """Say why no file can be taken in here at all; blank when it can."""
        try:
            with self.store.read() as connection:
                refuse_synthetic(connection)
        except DataError as error:
            return str(error)
        return ""

    def choices(self) -> tuple[Choice, ...]:
        """Return the sources a file may be of, by title."""
        listed = [
            Choice(source.source_id, source.title)
            for source in all_sources(self.settings).values()
            if not is_entered(source.source_id)
        ]
        return (*sorted(listed, key=lambda choice: choice.title), Choice(TIDY, TABLE))

    def receive(
        self,
        source_id: str,
        files: Iterable[tuple[str, Iterator[bytes]]],
        *,
        published_at: datetime | None,
        at: datetime,
    ) -> Upload:
        """Write files to a folder of their own; nothing of them stays when one is refused."""
        if is_entered(source_id):
            raise ConfigError(f"'{source_id}' holds what was typed in; choose another source")
        if why := self.closed():
            raise DataError(why)
        title = TABLE if source_id == TIDY else source_named(source_id, self.settings).title
        self._sweep(at)
        self._refuse_many()
        folder = self.settings.uploads / secrets.token_hex(16)
        with ExitStack() as undo:  # also when the browser goes away: half a file is no file
            undo.callback(shutil.rmtree, folder, ignore_errors=True)
            try:
                self.settings.uploads.mkdir(parents=True, exist_ok=True, mode=0o700)
                self.settings.uploads.chmod(0o700)
                folder.mkdir(mode=0o700)
                (folder / _PARTS).mkdir(mode=0o700)
                upload = Upload(
                    upload_id=folder.name,
                    source_id=source_id,
                    title=title,
                    parts=_write(source_id, files, folder / _PARTS),
                    sha256=_hash(folder),
                    published_at=published_at,
                    received_at=at,
                )
                _put(folder / _ABOUT, _UPLOAD.dump_json(upload))
            except OSError as error:
                raise FetchError(
                    f"{source_id}: the files cannot be kept ({error.strerror}); free space, or "
                    "let the operator check who may write to KMS_HOME"
                ) from error
            undo.pop_all()
        return upload

    def waiting(self) -> tuple[Upload, ...]:
        """Return the uploads nobody has taken in or thrown away yet, newest first."""
        found = []
        for folder in self.settings.uploads.glob("*"):
            try:
                found.append(self.upload(folder.name))
            except NoDataError:
                continue  # another process has just removed it, or it is being written
        return tuple(sorted(found, key=lambda upload: upload.received_at, reverse=True))

    def preview(self, upload_id: str) -> Preview:
        """Read an upload as a load would, and keep nothing of it."""
        upload = self.upload(upload_id)
        folder = self.settings.uploads / upload_id
        try:
            seen = _PREVIEW.validate_json((folder / _SEEN).read_bytes())
            if now() - seen.made_at < FRESH:
                return seen
        except (OSError, ValidationError):
            pass  # not looked at yet
        seen = look(self.store, self.settings, upload, self._parts(upload), made_at=now())
        with suppress(FileNotFoundError):  # somebody has just taken it in or thrown it away
            _put(folder / _SEEN, _PREVIEW.dump_json(seen))
        return seen

    def take(self, upload_id: str, sha256: str) -> tuple[Upload, list[IntakeReport]]:
        """Take in what was looked at, as any file is, and remove it from the desk."""
        if why := self.closed():
            raise DataError(why)
        with self._alone(upload_id) as upload:
            return upload, self._taken_in(upload, sha256)

    def _taken_in(self, upload: Upload, sha256: str) -> list[IntakeReport]:
        upload_id = upload.upload_id
        if not upload.sha256 == sha256 == _hash(self.settings.uploads / upload_id):
            raise ContractError(
                f"{upload.source_id}: the uploaded files are not those of the preview; look at "
                "them again, or throw them away and upload them anew"
            )
        (self.settings.uploads / upload_id / _SEEN).unlink(missing_ok=True)
        reports = load(
            self.store,
            self.settings,
            source_named(upload.source_id, self.settings),
            self._parts(upload),
            fetched_at=upload.received_at,
            at=upload.published_at,
        )
        shutil.rmtree(self.settings.uploads / upload_id, ignore_errors=True)
        return reports

    def discard(self, upload_id: str) -> Upload:
        """Throw an upload away."""
        with self._alone(upload_id) as upload:
            shutil.rmtree(self.settings.uploads / upload_id, ignore_errors=True)
        return upload

    def assign(self, upload_id: str, source: Source) -> None:
        """Let an upload be of another source: one whose mapping has just been made for it."""
        with self._alone(upload_id) as upload:
            fresh = replace(upload, source_id=source.source_id, title=source.title)
            folder = self.settings.uploads / upload_id
            _put(folder / _ABOUT, _UPLOAD.dump_json(fresh))
            (folder / _SEEN).unlink(missing_ok=True)

    def first_part(self, upload_id: str) -> Path:
        """Return where the first file of an upload lies."""
        return self._parts(self.upload(upload_id))[0]

    def upload(self, upload_id: str) -> Upload:
        """Return an upload that waits."""
        folder = self.settings.uploads / upload_id
        try:
            if ID.fullmatch(upload_id):
                return _UPLOAD.validate_json((folder / _ABOUT).read_bytes())
        except (OSError, ValidationError):
            log.info("no such upload", exc_info=True)
        raise NoDataError(
            "there is no such upload; it has been taken in, thrown away, or was older than a day"
        )

    @contextmanager
    def _alone(self, upload_id: str) -> Iterator[Upload]:
        """Give an upload to one decision at a time, whichever process makes it."""
        self.upload(upload_id)
        with ExitStack() as held:
            with suppress(FileNotFoundError):
                lock = held.enter_context((self.settings.uploads / upload_id / _LOCK).open("w"))
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError as error:
                    raise DataError(
                        f"the upload {upload_id[:8]} is being taken in or thrown away just now; "
                        "look again in a minute what became of it"
                    ) from error
            yield self.upload(upload_id)  # it may have gone before the lock was ours

    def _parts(self, upload: Upload) -> list[Path]:
        return [
            self.settings.uploads / upload.upload_id / _PARTS / part.name for part in upload.parts
        ]

    def _refuse_many(self) -> None:
        """Refuse an upload while many wait: each may fill a part of the disk for a day."""
        waiting = sum(1 for _ in self.settings.uploads.glob(f"*/{_ABOUT}"))
        if waiting >= MOST_WAITING:
            raise DataError(
                f"{waiting} uploads wait to be taken in or thrown away, as many as may; deal with "
                "some of them first, or let a day pass"
            )

    def _sweep(self, at: datetime) -> None:
        """Remove what has waited for more than a day."""
        for folder in self.settings.uploads.glob("*"):
            try:
                waited = at.timestamp() - folder.stat().st_mtime
            except FileNotFoundError:
                continue
            if waited > STAYS.total_seconds():
                shutil.rmtree(folder, ignore_errors=True)


def _write(
    source_id: str, files: Iterable[tuple[str, Iterator[bytes]]], folder: Path
) -> tuple[Part, ...]:
    parts: dict[str, Part] = {}
    for given, chunks in files:
        name = kept_name(given)
        if name in parts or len(parts) == MOST_PARTS:
            raise ContractError(
                f"{source_id}: two parts are both named '{name}', or there are more than "
                f"{MOST_PARTS}; rename one, or upload each issue on its own",
                "bad_parts",
            )
        digest, size = sha256(), 0
        with (folder / name).open("xb") as file:
            (folder / name).chmod(0o600)
            for chunk in chunks:
                digest.update(chunk)
                size += file.write(chunk)
        parts[name] = Part(name, size, digest.hexdigest())
    if not parts:
        raise ContractError(f"{source_id}: no file was chosen; choose one or several", "empty")
    return tuple(sorted(parts.values(), key=lambda part: part.name))


def kept_name(given: str) -> str:
    """Return the name under which a file is kept: no folder, nothing hidden, no wildcard."""
    last = given.replace("\\", "/").rpartition("/")[2]
    name = _KEPT.sub("_", last).strip(" .")
    stem, dot, ending = name.rpartition(".")
    if len(name.encode()) > LONGEST_NAME:
        room = LONGEST_NAME - len(f"{dot}{ending}".encode())
        # Cut between letters: half of one would be no text.
        stem = stem.encode()[: max(room, 0)].decode("utf-8", "ignore")
        name = f"{stem}{dot}{ending}" if stem else name[:20]
    return name or "file"


def _hash(folder: Path) -> str:
    return content_sha256(sorted((folder / _PARTS).iterdir()))


def _put(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all."""
    fresh = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    fresh.write_bytes(content)
    fresh.chmod(0o600)
    fresh.replace(path)
