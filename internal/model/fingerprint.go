package model

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
)

// Variables returns the names of the psql variables in the model, sorted.
func (m *Model) Variables() []string {
	var names []string
	for _, statement := range m.statements {
		for _, variable := range statement.Variables() {
			names = append(names, variable.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// fingerprint is the same for texts that differ in comments, description and layout only.
func (m *Model) fingerprint() string {
	sum := sha256.New()
	h := m.Header
	fmt.Fprintf(sum, "%v %v %v %v %v\n", h.Key, h.Pick, h.Script, h.Reads, h.Writes)
	for _, from := range h.From {
		fmt.Fprintf(sum, "from %s %v\n", from.Relation, from.By)
		for _, join := range from.Joins {
			fmt.Fprintf(sum, "join %s %v %v\n", join.Relation, join.By, join.Left)
		}
	}
	for _, statement := range m.statements {
		for _, token := range tokensOf(statement) {
			sum.Write([]byte(token.Text))
			sum.Write([]byte{0})
		}
		sum.Write([]byte{1})
	}
	return hex.EncodeToString(sum.Sum(nil))
}
