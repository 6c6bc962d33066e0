package model

// Exact are the model's columns that narrow a relation: {column here: column there}.
func (g *Graph) Exact(m *Model, relation string) map[string]string { return g.exact(m, relation) }
