"""Where a marketplace confirms later what it has accepted."""

from flask import Blueprint, g, jsonify, request
from werkzeug.wrappers import Response

from ipdesk.core.db.core import db
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.http.access import access
from ipdesk.core.http.installation import settings
from ipdesk.core.http.problems import problem
from ipdesk.features.catalogue.connector import SIGNATURE_HEADER, TIME_HEADER, is_signed
from ipdesk.features.holds import operations
from ipdesk.features.holds.models import Instruction

_MOST_BODY = 64_000

blueprint = Blueprint("holds_api", __name__, url_prefix="/api/v1")
blueprints = [blueprint]


@blueprint.post("/instructions/<int:instruction_id>/confirmation")
@access.public  # the signature is the key
def confirm(instruction_id: int) -> Response:
    """``{"instruction": id, "confirmed": true}``, signed as the desk's own messages are.

    200 also when it was known or a newer instruction has taken its place (``"counted": false``).
    """
    at = g.actor.at
    if (request.content_length or 0) > _MOST_BODY:
        return problem(413, "That is too large")
    body = request.get_data()
    if not is_signed(settings().webhook_secret, request.headers.get(TIME_HEADER, ""),
                     request.headers.get(SIGNATURE_HEADER, ""), body, at):
        return problem(401, "The signature is missing, wrong or too old")
    said = request.get_json(silent=True, force=True)
    if not isinstance(said, dict) or said.get("instruction") != instruction_id or said.get("confirmed") is not True:
        return problem(422, "Send the instruction's number and \"confirmed\": true")
    with unit_of_work():
        instruction = db.session.get(Instruction, instruction_id, with_for_update=True)
        if instruction is None:
            return problem(404, "There is no such instruction")
        counted = operations.confirm(instruction=instruction, at=at, proof={"connector": "webhook", "answer": said})
    return jsonify({"instruction": instruction_id, "counted": counted})
