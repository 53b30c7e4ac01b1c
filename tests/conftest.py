"""Set what must be set before torch is imported."""

import os

# Active waiting makes two threads several times slower than one as soon as another process keeps a core busy.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
