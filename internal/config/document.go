package config

import (
	"fmt"
	"strings"

	"github.com/sparkify/dwh/internal/table"
)

// Doc is the documentation of one key of dwh.yaml: its default, variable, flag and meaning.
type Doc struct {
	Key     string // as in the file, nested ones with a dot
	Env     string // its environment variable, such as DWH_LOG_FORMAT
	Usage   string // what it means: one line, maybe with the name of its value in backquotes
	Default string // the built-in value, "" for none
	Example string // a value to show where there is no default
}

// Documentation returns every key but those under "sources" and "variables", in the order of the
// file.
func Documentation() []Doc {
	var all []Doc
	defaults := Defaults()
	for _, k := range keys() {
		all = append(all, Doc{Key: k.name, Env: k.env(), Usage: k.usage, Default: k.show(defaults), Example: k.example})
	}
	return all
}

// templateWidth is how long a line of the template is at most, in columns.
const templateWidth = 100

// embeddedChecks is the group of the settings for the checks of the project that dwh ships.
const embeddedChecks = "checks"

// Template returns the configuration file of a new project, which explains every key that counts
// there: the checks of a project take their values from "variables". The keys in values are set, to
// YAML scalars or lists as given there, also those under "sources" and "variables"; all others
// stand as comments, with their defaults.
func Template(values map[string]string) string {
	var out strings.Builder
	out.WriteString(
		"# dwh.yaml: the settings of this project. An environment variable beats this file, and a flag\n" +
			"# beats both. Paths are relative to this file. What is commented out shows the default, or an\n" +
			"# example where there is none.\n",
	)
	group := ""
	for _, doc := range Documentation() {
		if doc.Key == "region" {
			writeSources(&out, values)
		}
		prefix, name, nested := strings.Cut(doc.Key, ".")
		if prefix == embeddedChecks {
			continue
		}
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
		if doc.Default == "" && values[doc.Key] == "" && !strings.Contains(usage, "by default") {
			usage += " (no default)"
		}
		comment := indent + "# "
		usage = table.Wrap(usage+"; "+doc.Env, templateWidth-len(comment), 0)
		out.WriteString(comment + strings.ReplaceAll(usage, "\n", "\n"+comment) + "\n")
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
	if !writeEntries(&out, variablesKey, values) {
		out.WriteString("  #name: value\n")
	}
	return out.String()
}

// writeSources writes the group of the sources.
func writeSources(out *strings.Builder, values map[string]string) {
	fmt.Fprintf(
		out,
		"\n%s:\n  # where FROM :'orders' of a COPY finds its objects: an s3:// or file:// URL, or a path;\n"+
			"  # --source orders=URL, %sORDERS\n",
		sourcesKey, sourceEnv,
	)
	if !writeEntries(out, sourcesKey, values) {
		out.WriteString("  #orders: s3://bucket/orders/\n")
	}
}

// writeEntries writes the values of a group whose names are free, and tells whether there are any.
func writeEntries(out *strings.Builder, group string, values map[string]string) bool {
	given := false
	for _, key := range sortedNames(values) {
		if name, ok := strings.CutPrefix(key, group+"."); ok {
			given = true
			fmt.Fprintf(out, "  %s: %s\n", name, values[key])
		}
	}
	return given
}
