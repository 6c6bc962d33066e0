package dashboard_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// checkPage checks what every page keeps: the policy, nothing inline, nothing from elsewhere, and
// what a screen reader goes by.
func checkPage(t testing.TB, path string, a answer) {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Security-Policy": policy, "Cache-Control": "no-store", "Content-Type": "text/html; charset=utf-8",
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Cross-Origin-Resource-Policy": "same-origin",
	} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s: %s: got %q, want %q", path, name, got, want)
		}
	}
	root, err := html.Parse(strings.NewReader(a.body))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	count := map[string]int{}
	ids := map[string]bool{}
	var labelled, inputs, references []string
	for node := range root.Descendants() {
		if node.Type != html.ElementNode {
			continue
		}
		count[node.Data]++
		for _, attr := range node.Attr {
			switch {
			case attr.Key == "style" || strings.HasPrefix(attr.Key, "on"):
				t.Errorf("%s: <%s> has the attribute %s", path, node.Data, attr.Key)
			case slices.Contains(
				[]string{"src", "href", "action", "srcset", "formaction", "poster", "data"},
				attr.Key,
			) && attr.Namespace == "":
				if u, err := url.Parse(
					attr.Val,
				); err != nil || u.Scheme != "" || u.Host != "" || strings.HasPrefix(attr.Val, "//") {
					t.Errorf("%s: <%s %s=%q> leads elsewhere", path, node.Data, attr.Key, attr.Val)
				}
			case attr.Key == "id":
				if ids[attr.Val] {
					t.Errorf("%s: the id %q stands twice", path, attr.Val)
				}
				ids[attr.Val] = true
			case attr.Key == "aria-labelledby" || attr.Key == "aria-describedby":
				references = append(references, strings.Fields(attr.Val)...)
			}
		}
		switch node.Data {
		case "style", "iframe", "object", "embed", "base":
			t.Errorf("%s: there is a <%s>", path, node.Data)
		case "script":
			if node.FirstChild != nil || value(node, "src") == "" {
				t.Errorf("%s: there is an inline script", path)
			}
		case "html":
			if value(node, "lang") != "en" {
				t.Errorf("%s: got lang %q, want en", path, value(node, "lang"))
			}
		case "img":
			if value(node, "alt") == "" || value(node, "width") == "" || value(node, "height") == "" {
				t.Errorf("%s: an image lacks its alt, width or height", path)
			}
		case "label":
			labelled = append(labelled, value(node, "for"))
		case "input", "select":
			if value(node, "type") != "hidden" {
				inputs = append(inputs, value(node, "id"))
			}
		case "th":
			if value(node, "scope") == "" {
				t.Errorf("%s: a th has no scope", path)
			}
		case "table":
			if node.FirstChild == nil || !hasChild(node, "caption") {
				t.Errorf("%s: a table has no caption", path)
			}
		}
		if value(node, "tabindex") == "0" && (value(node, "role") != "region" || value(
			node, "aria-label",
		) == "" && value(node, "aria-labelledby") == "") {
			t.Errorf("%s: <%s> can be focused and is no region with a name", path, node.Data)
		}
	}
	for _, name := range []string{"h1", "main", "header", "footer", "title"} {
		if count[name] < 1 || name != "title" && count[name] != 1 {
			t.Errorf("%s: got %d %s, want 1", path, count[name], name)
		}
	}
	for _, id := range inputs {
		if !slices.Contains(labelled, id) {
			t.Errorf("%s: the field %q has no label", path, id)
		}
	}
	for _, id := range references {
		if !ids[id] {
			t.Errorf("%s: %q is referred to and not there", path, id)
		}
	}
}

func value(node *html.Node, key string) string {
	for _, attr := range node.Attr {
		if attr.Key == key {
			return attr.Val
		}
	}
	return ""
}

func hasChild(node *html.Node, name string) bool {
	for child := range node.ChildNodes() {
		if child.Data == name {
			return true
		}
	}
	return false
}
