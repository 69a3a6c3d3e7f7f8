"""Where files come from: the inbox, and addresses fetched on a schedule."""

import logging

# Their lines hold whole addresses, headers and signatures.
for _name in ("httpx", "httpcore", "botocore", "aiobotocore", "s3fs", "fsspec"):
    logging.getLogger(_name).setLevel(logging.WARNING)
logging.getLogger("paramiko").setLevel(logging.CRITICAL)
