// Renders the templates of a blueprint's arguments as Kanister does
// (pkg/param/render.go:48-92 and 121-144, `render` and `renderStringArg`: every string
// of every depth, keys too, with sprig and with an error for a key that a map lacks).
//
// On standard input: {"params": {...}, "value": ...}. On standard output the
// value, rendered. It fails with Kanister's words for a missing key. Or, for WaitV2:
// {"object": {...}, "condition": "..."} or {"duration": "..."}. Or, for many at once,
// {"params": {...}, "texts": [...]}, which has what each became, or why not.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
)

// artifact is `Artifact` (pkg/apis/cr/v1alpha1/types.go:246-252).
type artifact struct {
	KeyValue      map[string]string
	KopiaSnapshot string
}

// phase is `Phase` (pkg/param/param.go:166-170), without what only Secrets and ConfigMaps
// need.
type phase struct {
	Output map[string]any
}

// namespace is `NamespaceParams` (pkg/param/param.go:105-108).
type namespace struct {
	Name      string
	Namespace string
}

// params is `TemplateParams` (pkg/param/param.go:48-68): what a blueprint of ours may
// name. A field that it lacks is an error here as one of Kanister's that is nil is there.
type params struct {
	Namespace   *namespace
	Object      map[string]any
	Options     map[string]string
	ArtifactsIn map[string]artifact
	Phases      map[string]*phase
	DeferPhase  *phase
	Time        string
}

const undefined = "map has no entry for key "

func text(given string, with params) (string, error) {
	parsed, err := template.New("config").Option("missingkey=error").Funcs(functions()).Parse(given)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, with); err != nil {
		if at := strings.LastIndex(err.Error(), undefined); at >= 0 {
			key := strings.Trim(err.Error()[at+len(undefined):], `"`)
			return "", fmt.Errorf("Failed to render template: %q not found", key)
		}
		return "", err
	}
	return out.String(), nil
}

// functions are sprig's, but for those that Kanister takes out
// (pkg/ksprig/fipsonly_sprig.go:27-66).
func functions() template.FuncMap {
	all := sprig.TxtFuncMap()
	for _, name := range []string{"bcrypt", "derivePassword", "htpasswd"} {
		all[name] = func(...any) (string, error) {
			return "", fmt.Errorf("sprig usage of '%s' is not allowed by kanister", name)
		}
	}
	return all
}

func render(value any, with params) (any, error) {
	switch value := value.(type) {
	case string:
		return text(value, with)
	case []any:
		all := make([]any, 0, len(value))
		for _, one := range value {
			rendered, err := render(one, with)
			if err != nil {
				return nil, err
			}
			all = append(all, rendered)
		}
		return all, nil
	case map[string]any:
		all := make(map[string]any, len(value))
		for key, one := range value {
			renderedKey, err := text(key, with)
			if err != nil {
				return nil, err
			}
			rendered, err := render(one, with)
			if err != nil {
				return nil, err
			}
			all[renderedKey] = rendered
		}
		return all, nil
	default:
		return value, nil
	}
}

// whole has the integers of an object be integers, as client-go and kubectl's printer read
// them (apimachinery, pkg/util/json/json.go:45-47).
func whole(value any) any {
	switch value := value.(type) {
	case json.Number:
		if number, err := value.Int64(); err == nil {
			return number
		}
		number, _ := value.Float64()
		return number
	case []any:
		for at, one := range value {
			value[at] = whole(one)
		}
	case map[string]any:
		for key, one := range value {
			value[key] = whole(one)
		}
	}
	return value
}

// outcome is what became of one of many texts.
type outcome struct {
	Text  string  `json:"text"`
	Error *string `json:"error"`
}

func each(texts []string, with params) []outcome {
	all := make([]outcome, 0, len(texts))
	for _, one := range texts {
		rendered, err := text(one, with)
		if err != nil {
			why := err.Error()
			all = append(all, outcome{Error: &why})
			continue
		}
		all = append(all, outcome{Text: rendered})
	}
	return all
}

// request is what is asked: one of four.
type request struct {
	Params    params
	Value     any
	Texts     []string
	Object    any
	Condition *string
	Duration  *string
}

func (asked request) answer() (any, error) {
	switch {
	case asked.Texts != nil:
		whole(asked.Params.Object)
		return each(asked.Texts, asked.Params), nil
	case asked.Duration != nil:
		return milliseconds(*asked.Duration)
	case asked.Condition != nil:
		return printed(*asked.Condition, whole(asked.Object))
	default:
		whole(asked.Params.Object)
		return render(whole(asked.Value), asked.Params)
	}
}

func main() {
	var asked request
	decoder := json.NewDecoder(os.Stdin)
	decoder.UseNumber()
	err := decoder.Decode(&asked)
	if err == nil {
		var answer any
		answer, err = asked.answer()
		if err == nil {
			err = json.NewEncoder(os.Stdout).Encode(answer)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
