// What WaitV2 has Go do: a condition, and a span of time.
package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"text/template"
	"time"
)

// printed is what a condition prints of an object: by kubectl's printer for Go
// templates (cli-runtime, pkg/printers/template.go:37-111, `GoTemplatePrinter`), which has
// these two functions and no others, and prints something for a key that a map lacks.
// One that can't be parsed prints nothing (pkg/function/waitv2.go:135-143,
// `evaluateGoTemplate`).
func printed(condition string, object any) (string, error) {
	functions := template.FuncMap{"exists": exists, "base64decode": base64decode}
	parsed, err := template.New("output").Funcs(functions).Parse(condition)
	if err != nil {
		return "", nil
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, object); err != nil {
		return "", fmt.Errorf("error executing template %q: %v", condition, err)
	}
	return out.String(), nil
}

// exists is whether something is there along these keys (cli-runtime,
// pkg/printers/jsonpath.go:39-82).
func exists(item any, keys ...any) bool {
	for _, key := range keys {
		switch within := item.(type) {
		case map[string]any:
			name, _ := key.(string)
			item = within[name]
		case []any:
			at, isNumber := key.(int)
			if !isNumber || at < 0 || at >= len(within) {
				return false
			}
			item = within[at]
		default:
			return false
		}
	}
	return item != nil
}

// (cli-runtime, pkg/printers/template.go:113-119)
func base64decode(text string) (string, error) {
	decoded, err := base64.StdEncoding.DecodeString(text)
	return string(decoded), err
}

// milliseconds is a span of time, as `timeout` is read (pkg/function/waitv2.go:79).
func milliseconds(text string) (int64, error) {
	span, err := time.ParseDuration(text)
	return span.Milliseconds(), err
}
