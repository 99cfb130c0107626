package device

import (
	"errors"
	"fmt"
)

// own returns an operand as an engine's own type, or says why it is not.
func own[P interface{ usable(E) error }, E any](e E, operand any) (P, error) {
	p, ok := operand.(P)
	if operand == nil {
		return p, errors.New("operand is missing")
	}
	if !ok {
		return p, ErrForeign
	}
	return p, p.usable(e)
}

// take is own for an engine that takes more work: what a call that works on one object needs.
func take[P interface{ usable(E) error }, E interface{ ready(op string) error }](e E, op string, operand any) (P, error) {
	if err := e.ready(op); err != nil {
		var none P
		return none, err
	}
	p, err := own[P](e, operand)
	if err != nil {
		return p, fmt.Errorf("%s: %w", op, err)
	}
	return p, nil
}
