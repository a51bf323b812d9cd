"""A session of the pages without a browser: Streamlit's own messages over its WebSocket, as anybody could send them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol


class Session:
    """A session that shows one page; `elements` are what its last run drew, by `identity` a browser resumes it."""

    elements: tuple[Element, ...] = ()
    identity = ""

    def __init__(self, socket: ClientConnection, page: str) -> None:
        self._socket = socket
        self._page, _, self._query = page.partition("?")

    def send(self, states: Sequence[WidgetState] = ()) -> None:
        """Ask to have the page drawn with these states of widgets."""
        message = BackMsg()
        message.rerun_script.page_name = self._page
        message.rerun_script.query_string = self._query
        message.rerun_script.widget_states.widgets.extend(states)
        self._socket.send(message.SerializeToString())

    def drop_caches(self) -> None:
        """Send what Streamlit's menu sends for "Clear cache"."""
        self._socket.send(BackMsg(clear_cache=True).SerializeToString())

    def run(self, states: Sequence[WidgetState] = (), *, times: int = 1) -> None:
        """Have the page drawn with these states (sent so many times at once), and wait until it is."""
        for _ in range(times):
            self.send(states)
        self.elements = ()
        while True:  # where it is sent several times the last run draws the page; those before it are cut short
            told = ForwardMsg.FromString(bytes(self._socket.recv(timeout=60, decode=False)))
            if told.WhichOneof("type") == "script_finished":
                if told.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    continue
                return
            if told.WhichOneof("type") == "new_session":
                self.identity = told.new_session.initialize.session_id
            if told.delta.WhichOneof("type") == "new_element":
                self.elements = (*self.elements, told.delta.new_element)

    def texts(self) -> str:
        """Return what it says."""
        said = (each.text.body or each.markdown.body or each.alert.body for each in self.elements)
        return "\n".join(filter(None, said))

    def widget(self, label: str) -> str:
        """Return the id of the button or the field with this label, "" where there is none."""
        for each in self.elements:
            for one in (each.button, each.text_input, each.radio, each.selectbox):
                if one.label == label:
                    return one.id
        return ""


@contextmanager
def session(  # noqa: PLR0913 a connection has that many sides
    port: int,
    page: str,
    headers: Sequence[tuple[str, str]],
    *,
    source: str = "127.0.0.1",
    resumes: str = "",
    states: Sequence[WidgetState] = (),
) -> Iterator[Session]:
    """Open a session with these headers from this address and draw its page once, with these states of widgets.

    `resumes` is the identity of a session that is taken up: a browser says it when its connection was lost.
    """
    url = f"ws://127.0.0.1:{port}/_stcore/stream"
    asked = [Subprotocol(each) for each in ("streamlit", "none", resumes)] if resumes else None
    with connect(
        url,
        additional_headers=list(headers),
        max_size=None,
        proxy=None,
        subprotocols=asked,
        source_address=(source, 0),
    ) as socket:
        opened = Session(socket, page)
        opened.run(states)
        yield opened
