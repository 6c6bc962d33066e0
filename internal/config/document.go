package config

import (
	"fmt"
	"strings"
)

// Doc documents one key.
type Doc struct {
	Key     string // as in the file, nested ones with a dot
	Env     string // its environment variable
	Usage   string // what it means: one line, maybe with the name of its value in backquotes
	Default string // "" for none
	Example string // a value to show where there is no default
}

// Documentation returns every key but those under "variables", in the order of the file.
func Documentation() []Doc {
	var all []Doc
	defaults := Defaults()
	for _, k := range keys() {
		all = append(all, Doc{Key: k.name, Env: k.env(), Usage: k.usage, Default: k.show(defaults), Example: k.example})
	}
	return all
}

// Template returns a configuration file that explains every key. The keys in values are set, to YAML scalars or lists as given there; all
// others stand as comments, with their defaults.
func Template(values map[string]string) string {
	var out strings.Builder
	out.WriteString("# dwh.yaml: the settings of this project. A flag beats an environment variable, which beats this file.\n" +
		"# Paths are relative to this file. What is commented out shows the default, or an example.\n")
	group := ""
	for _, doc := range Documentation() {
		prefix, name, nested := strings.Cut(doc.Key, ".")
		indent := ""
		switch {
		case nested && prefix != group:
			group = prefix
			fmt.Fprintf(&out, "\n%s:\n", group)
		case !nested:
			out.WriteString("\n")
		}
		if nested {
			indent = "  "
		} else {
			name = doc.Key
		}
		usage := strings.ReplaceAll(doc.Usage, "`", "")
		if doc.Default == "" && values[doc.Key] == "" {
			usage += " (not set)"
		}
		fmt.Fprintf(&out, "%s# %s; %s\n", indent, usage, doc.Env)
		if value, given := values[doc.Key]; given {
			fmt.Fprintf(&out, "%s%s: %s\n", indent, name, value)
			continue
		}
		value := doc.Default
		if value == "" {
			value = doc.Example
		}
		fmt.Fprintf(&out, "%s#%s: %s\n", indent, name, value)
	}
	fmt.Fprintf(&out, "\n%s:\n  # values for :'name' in your own SQL\n", variablesKey)
	given := false
	for _, key := range sortedNames(values) {
		if name, ok := strings.CutPrefix(key, variablesKey+"."); ok {
			given = true
			fmt.Fprintf(&out, "  %s: %s\n", name, values[key])
		}
	}
	if !given {
		out.WriteString("  #name: value\n")
	}
	return out.String()
}
