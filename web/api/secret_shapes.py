"""A secret in the shape of the API; the command line prints the same."""

from engine.model.secret import Secret
from schemas import secrets


def secret_shape(secret: Secret) -> secrets.Secret:
    return secrets.Secret(
        name=secret.name,
        scripts=secret.scripts,
        description=secret.description,
        created=secret.created,
        created_by=secret.created_by,
        updated=secret.updated,
        updated_by=secret.updated_by,
        last_used=secret.last_used,
    )
