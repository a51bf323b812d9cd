"""The one-machine mode: an embedded broker, an embedded ClickHouse, and the simulated hoster of the demo."""
