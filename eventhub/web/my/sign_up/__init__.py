"""Sign up in steps: who goes, what the kind asks, which options in which order, check and send.

A new sign-up is kept as a draft after each step, so that it can be left and continued. A change of one that was sent
is not: what stands is valid until the last step is sent, and the pages carry the unfinished change along.
"""

from __future__ import annotations

from flask import Blueprint

from eventhub.web.my.sign_up.change import change
from eventhub.web.my.sign_up.new import begin, continue_

BOTH = ("GET", "POST")
STEPS = "any(people, questions, choices, review)"

pages = Blueprint("sign_up", __name__)
pages.add_url_rule("/registrations/new/<programme>", view_func=begin, methods=BOTH)
pages.add_url_rule(f"/registrations/<code>/<{STEPS}:step>", view_func=continue_, methods=BOTH)
pages.add_url_rule("/registrations/<code>/change", view_func=change, methods=BOTH)
