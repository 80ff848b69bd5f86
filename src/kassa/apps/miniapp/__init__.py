"""What the Mini Apps of all apps share: how their files are served, who asks, and how they are told
no. An app says `Pages("tokens", at="miniapp", …)`; the modules of its page lie beside ours."""

from kassa.apps.miniapp.pages import Pages

__all__ = ["Pages"]
