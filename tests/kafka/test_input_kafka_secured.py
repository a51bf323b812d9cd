"""The input `kafka` at an Apache Kafka 4 that wants TLS and a password: PLAIN and SCRAM, right and wrong."""

import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ScramMechanism, UserScramCredentialUpsertion

from collectors.inputs import kafka
from schemas.inputs.kafka import KafkaInput
from tests.kafka.apache import ApacheKafka, jars
from tests.line_inputs import kept, line, outlet
from tests.mail_inputs import running
from tests.waits import until

pytestmark = [pytest.mark.real, pytest.mark.slow]
SECURED = """
listener.security.protocol.map=SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
username="admin" password="a" user_admin="a";
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location={folder}/both.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/ca.pem
"""


def secured(folder: Path) -> ApacheKafka:
    """Return a node that is not started yet, with a certificate of its own for 127.0.0.1."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
    places = ["-keyout", f"{folder}/key.pem", "-out", f"{folder}/ca.pem", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, *places], check=True, capture_output=True)
    (folder / "both.pem").write_text((folder / "key.pem").read_text() + (folder / "ca.pem").read_text())
    node = ApacheKafka(folder, jars())
    properties = folder / "kafka" / "server.properties"
    plain = properties.read_text().replace(
        "PLAINTEXT://127.0.0.1:" + str(node.port), f"SASL_SSL://127.0.0.1:{node.port}"
    )
    plain = plain.replace("inter.broker.listener.name=PLAINTEXT", "inter.broker.listener.name=SASL_SSL")
    properties.write_text(plain + SECURED.format(folder=folder))
    return node


def test_tls_and_passwords(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("ADMIN", "a")
    monkeypatch.setenv("READER", "secret")
    monkeypatch.setenv("WRONG", "wrong")
    to = outlet(tmp_path, "kafka")
    with secured(tmp_path) as node:
        given = {
            "kind": "kafka",
            "topic": "maillog",
            "bootstrap": [node.bootstrap],
            "protocol": "SASL_SSL",
            "ca": tmp_path / "ca.pem",
        }
        admin_of = KafkaInput.model_validate(given | {"mechanism": "PLAIN", "user": "admin", "password_env": "ADMIN"})
        reader_of = KafkaInput.model_validate(given | {"user": "reader", "password_env": "READER"})
        with kafka.ready(admin_of, "input.t", pytest.fail) as connection:
            options = {"bootstrap_servers": [node.bootstrap], **connection}
        with closing(KafkaAdminClient(**options)) as admin:
            admin.create_topics({"maillog": {"num_partitions": 1, "replication_factor": 1}}, wait_for_metadata=True)
            scram = UserScramCredentialUpsertion("reader", ScramMechanism.SCRAM_SHA_512, password=b"secret")
            admin.alter_user_scram_credentials([scram])
        with closing(KafkaProducer(**options)) as producer:
            producer.send("maillog", line(1)).get(60)
        with running(kafka.run, admin_of, to):
            until(lambda: kept(to) == [line(1)], "the line, by PLAIN")
        with closing(KafkaProducer(**options)) as producer:
            producer.send("maillog", line(2)).get(60)
        with running(kafka.run, reader_of.model_copy(update={"password_env": "WRONG"}), to):
            until(lambda: "is away, tried again until it answers" in caplog.text, "the warning", 60)
        with running(kafka.run, reader_of, to):
            until(lambda: kept(to) == [line(1), line(2)], "the line, by SCRAM")
    assert "secret" not in caplog.text
