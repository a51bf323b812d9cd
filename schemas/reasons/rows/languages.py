"""What is said of the recipient's mailbox in other languages than English, without accents."""

from schemas.reasons.row import Row

ROWS = (
    Row(
        reason="mailbox_full",
        phrases=("boite * pleine", "postfach * voll", "casella * piena", "buzon * lleno"),
        sample="554 La boîte aux lettres est pleine",
    ),
    Row(
        reason="mailbox_disabled",
        phrases=("boite du destinataire archivee", "konto * gesperrt"),
        sample="550 5.2.1 Das Konto ist gesperrt",
    ),
    Row(
        rank=2,
        reason="user_unknown",
        phrases=(
            "utilisateur inconnu",
            "adresse inconnue",
            "destinataire inconnu",
            "destinataire invalide",
            "adresse nexiste pas",
            "boite * nexiste pas",
            "destinataire nexiste pas",
            "utilisateur * nexiste pas",
            "existiert nicht",
            "unbekannter benutzer",
            "benutzer unbekannt",
            "benutzer * unbekannt",
            "benutzer nicht bekannt",
            "unbekannter empf",
            "empfanger unbekannt",
            "empfaenger unbekannt",
            "empfanger * unbekannt",
            "empfanger nicht bekannt",
            "empfanger * nicht bekannt",
            "utente sconosciuto",
            "destinatario sconosciuto",
            "utente inesistente",
            "casella inesistente",
            "indirizzo inesistente",
            "destinatario inesistente",
            "no existe",
        ),
        sample="550 Der Empfänger ist unbekannt",
    ),
)
