"""Into which account somebody who comes to a window wants to be paid."""
