"""The part of the configuration about the pages: where they are served, who may see them, and who may act there."""

from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from schemas.checked import Domain, Ip, Network, Port, Variable
from schemas.part import Part
from schemas.password import secret

Role = Literal["viewer", "operator", "admin"]
_LONGEST = 200


def person_named(text: str) -> str:
    """Return a person's or a group's name. ValueError where it is none that an order could be written under."""
    if not text or text != text.strip() or len(text) > _LONGEST or not text.isprintable():
        raise ValueError(f"{text!r} is no name of a person or a group")
    return text


_Header = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$")]
_Names = tuple[Annotated[str, AfterValidator(person_named)], ...]


class Roles(Part):
    """Who has which role: a name, `group:NAME`, or `*` for whoever is known by a name. The highest that fits counts."""

    viewer: _Names = ()
    operator: _Names = ()
    admin: _Names = ()

    def of(self, name: str, groups: tuple[str, ...]) -> Role | Literal[""]:
        """Return the role of a person, "" where there is none."""
        if not name:
            return ""
        fits = {"*", *(f"group:{group}" for group in groups)}
        if not name.startswith("group:") and name != "*":
            fits.add(name)
        for role, members in (("admin", self.admin), ("operator", self.operator), ("viewer", self.viewer)):
            if not fits.isdisjoint(members):
                return role  # type: ignore[return-value]  # of the three above
        return ""


class Access(Part):
    """How the pages know who somebody is.

    `none`: they do not; everybody is `name` with `role`. `header`: a reverse proxy of `proxies` says it in `header`,
    and proves itself by the secret of `secret_env` or `secret_file` in the header `X-Relaywarden-Secret`. `oidc`:
    OpenID Connect, by Streamlit's `st.login`, whose `[auth]` stands in `oidc_file`; a login counts for `login_hours`.
    `hosts` are the names under which browsers reach the pages.
    """

    mode: Literal["none", "header", "oidc"] = "none"
    name: Annotated[str, AfterValidator(lambda text: person_named(text) if text else text)] = ""
    role: Role = "viewer"
    hosts: tuple[Domain, ...] = ()
    header: _Header = "X-Forwarded-User"
    groups_header: _Header | Literal[""] = ""
    proxies: tuple[Network, ...] = ()
    secret_env: Variable = ""
    secret_file: Path | None = None
    oidc_file: Path | None = None
    claim: str = "email"
    groups_claim: str = ""
    login_hours: Annotated[float, Field(gt=0, le=720)] = 12.0
    roles: Roles = Roles()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.mode == "none" and self.role != "viewer" and not self.name:
            raise ValueError(f"role {self.role!r} needs a name: orders are written under it")
        if self.mode == "none":
            return self
        roles = self.roles.viewer or self.roles.operator or self.roles.admin
        needed: dict[str, object] = {"hosts": self.hosts, "roles": roles}
        if self.mode == "header":
            needed |= {"proxies": self.proxies, "secret_env or secret_file": self.secret_env or self.secret_file}
        else:
            needed |= {"oidc_file": self.oidc_file}
        if lacks := [name for name, given in needed.items() if not given]:
            raise ValueError(f"mode {self.mode!r} needs {', '.join(lacks)}")
        return self

    @property
    def secret(self) -> str:
        """Return what the proxy proves itself by. ValueError where that cannot be read."""
        return secret(self.secret_env, self.secret_file, "dashboard.access.secret")

    def trusts(self, peer: str) -> bool:
        """Tell whether a connection from this address may say who somebody is; from what is no address, never."""
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in ip_network(network) for network in self.proxies)


class Dashboard(Part):
    """Where the pages are served, and who may do what; `nice` yields the processor to the host's other processes."""

    host: Ip = "127.0.0.1"
    port: Port = 8501
    nice: Annotated[int, Field(ge=0, le=19)] = 10
    access: Access = Access()

    @property
    def is_local(self) -> bool:
        """Tell whether only this host reaches them without a proxy."""
        return ip_address(self.host).is_loopback

    @model_validator(mode="after")
    def _hands_only_here(self) -> Self:
        if self.access.mode == "none" and self.access.role != "viewer" and not self.is_local:
            raise ValueError(f"access.role: {self.access.role!r} without logins: only on 127.0.0.1, not on {self.host}")
        return self
