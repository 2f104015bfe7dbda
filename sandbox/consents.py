"""What a person agreed to receive: credits of one-time templates, standing consent of long-term ones."""

from dataclasses import dataclass, field

from sandbox.config import Template

_STANDING = 1


@dataclass(slots=True)
class Consents:
    """Credits per (openid, template id). For a long-term template 1 means agreed and is not used up."""

    left: dict[tuple[str, str], int] = field(default_factory=dict)

    def accept(self, openid: str, template: Template, *, times: int = 1) -> int:
        """One accept of a one-time template is one message, and accepts add up; returns what is left."""
        key = (openid, template.id)
        self.left[key] = _STANDING if template.kind == "long_term" else self.left.get(key, 0) + times
        return self.left[key]

    def reject(self, openid: str, template: Template) -> int:
        """A refusal ends a long-term consent; credits given earlier for a one-time template stay."""
        if template.kind == "long_term":
            self.left.pop((openid, template.id), None)
        return self.left.get((openid, template.id), 0)

    def withdraw(self, openid: str, template: Template) -> None:
        """Switch the template off in the settings: nothing more arrives, whatever was accepted before."""
        self.left.pop((openid, template.id), None)

    def use(self, openid: str, template: Template) -> bool:
        """Take one message from the consent; False when there is none."""
        key = (openid, template.id)
        left = self.left.get(key, 0)
        if left < 1:
            return False
        if template.kind == "one_time":
            self.left[key] = left - 1
        return True

    def of(self, openid: str) -> dict[str, int]:
        """What is left for one openid, by template id."""
        return {template_id: left for (owner, template_id), left in self.left.items() if owner == openid}
