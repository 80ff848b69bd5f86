"""QR codes in pictures, where the browser cannot read them itself."""

from tgsandbox.given import Wrong

MOST_PIXELS = 1 << 22


def code_in(grey: bytes, width: int, height: int) -> str:
    """What the first code says; empty when there is none. A byte is a pixel's brightness."""
    if width < 1 or height < 1 or width * height != len(grey) or len(grey) > MOST_PIXELS:
        raise Wrong("A picture is width times height bytes, 4 million at most.")
    import zxingcpp

    picture = memoryview(grey).cast("B", shape=[height, width])
    wanted = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    found = zxingcpp.read_barcodes(picture, formats=wanted)
    return str(found[0].text) if found else ""
