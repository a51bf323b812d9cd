"""A report as a mail: text and HTML with its charts inline (RFC 2387, RFC 2392), the PDF attached; or as a page."""

from base64 import b64encode
from email.message import EmailMessage

from schemas.names import derived_id
from schemas.report_settings import ReportMail
from streams.notices.composing import Envelope, composed
from streams.notices.filling import Filling
from streams.reports.charts import drawn
from streams.reports.document import Document
from streams.reports.pdf import pdf
from streams.reports.reading import words


class Poster:
    """What makes mails of a report's documents."""

    def __init__(self, filling: Filling, mail: ReportMail, *, with_pdf: bool) -> None:
        self._filling, self._mail, self._with_pdf = filling, mail, with_pdf

    def mail(self, document: Document, recipient: str, identity: str, at: int) -> EmailMessage:
        """Return the mail of a Message-ID, dated `at` (µs): the same bytes each time.

        ValueError where something cannot stand in a header, or the layout cannot be filled in.
        """
        pictures = drawn(document)
        names = [f"chart{number}.{identity.strip('<>')}" for number in range(1, len(pictures) + 1)]
        envelope = Envelope(
            sender=self._mail.sender,
            sender_name=self._mail.sender_name or self._mail.company,
            reply_to=self._mail.reply_to,
            recipient=recipient,
            language=document.language,
            message_id=identity,
        )
        mail = composed(words(document, self._filling, [f"cid:{name}" for name in names]), envelope, at)
        _, html = mail.iter_parts()
        for number, (picture, name) in enumerate(zip(pictures, names, strict=True), 1):
            html.add_related(
                picture, "image", "png", cid=f"<{name}>", filename=f"chart{number}.png", disposition="inline"
            )
        if pictures:
            html.set_boundary(derived_id("related", identity))
        if self._with_pdf:
            mail.add_attachment(pdf(document, pictures, at), "application", "pdf", filename=f"{_file(document)}.pdf")
            mail.set_boundary(derived_id("mixed", identity))
            del next(mail.iter_parts())["Content-Language"]
            mail["Content-Language"] = document.language
        return mail


def inline(document: Document, filling: Filling) -> str:
    """Return the report as one HTML page, its charts in the page itself."""
    pictures = (b64encode(picture).decode() for picture in drawn(document))
    return words(document, filling, [f"data:image/png;base64,{each}" for each in pictures]).html


def _file(document: Document) -> str:
    """Return a name for the PDF in letters and digits."""
    return "-".join("".join(sign if sign.isascii() and sign.isalnum() else " " for sign in document.subject).split())
