"""The rules as formulas, each written once; importing this registers them all."""

from linli.domains.benefits.formulas import injury, pension, retirement, subsidies, survivors, unemployment
from linli.domains.benefits.formulas.base import FORMULAS, Formula, Step

__all__ = ["FORMULAS", "Formula", "injury", "pension", "retirement", "Step", "subsidies", "survivors", "unemployment"]
