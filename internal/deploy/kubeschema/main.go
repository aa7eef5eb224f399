// Command kubeschema writes JSON schemas for kubeconform: of Kubernetes' own kinds
// from the OpenAPI document of the Kubernetes module, and of others from the JSON
// of their CustomResourceDefinitions. They are strict: an object may hold nothing
// that its schema does not name.
//
//	kubeschema -out DIR swagger.json [podmonitors-crd.json…]
//
// kubeconform finds them with
// -schema-location 'DIR/{{ .ResourceKind }}{{ .KindSuffix }}.json'.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"relock/internal/file"
)

func main() {
	log.SetFlags(0)
	out := flag.String("out", "", "the `DIR` to write to")
	flag.Parse()
	if err := run(*out, flag.Args()); err != nil {
		log.Fatalf("kubeschema: %v", err)
	}
}

// schema is a JSON schema, or a part of one.
type schema = map[string]any

func run(out string, files []string) error {
	if out == "" || len(files) == 0 {
		return errors.New("usage: kubeschema -out DIR swagger.json [crd.json…]")
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	written := 0
	for _, source := range files {
		var doc schema
		b, err := os.ReadFile(source)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(b, &doc); err != nil {
			return fmt.Errorf("%s: %w", source, err)
		}
		schemas := fromOpenAPI(doc)
		if doc["kind"] == "CustomResourceDefinition" {
			schemas = fromCRD(doc)
		}
		for name, s := range schemas {
			b, err := json.Marshal(s)
			if err != nil {
				return err
			}
			if err := file.Write(filepath.Join(out, name+".json"), b, 0o644); err != nil {
				return err
			}
			written++
		}
	}
	if written == 0 {
		return errors.New("no kind was found")
	}
	return nil
}

// fileName is kubeconform's name of a kind: its own, the first label of its group,
// and its version.
func fileName(group, version, kind string) string {
	name := strings.ToLower(kind)
	if group != "" {
		first, _, _ := strings.Cut(group, ".")
		name += "-" + first
	}
	return name + "-" + version
}

// fromOpenAPI is a schema for each kind of an OpenAPI document, with the
// definitions that it refers to.
func fromOpenAPI(doc schema) map[string]schema {
	all, _ := doc["definitions"].(schema)
	for name, d := range all {
		tighten(d, name)
	}
	kinds := make(map[string]schema)
	for name, d := range all {
		def, _ := d.(schema)
		gvks, _ := def["x-kubernetes-group-version-kind"].([]any)
		if len(gvks) != 1 { // options of requests have dozens
			continue
		}
		gvk, _ := gvks[0].(schema)
		group, _ := gvk["group"].(string)
		version, _ := gvk["version"].(string)
		kind, _ := gvk["kind"].(string)
		needed := make(schema)
		gather(def, all, needed)
		top := maps.Clone(def)
		top["definitions"] = needed
		kinds[fileName(group, version, kind)] = top
		delete(needed, name)
	}
	return kinds
}

const refPrefix = "#/definitions/"

// gather adds the definitions that a schema refers to, and those that they do.
func gather(s any, all, needed schema) {
	switch v := s.(type) {
	case schema:
		if ref, ok := v["$ref"].(string); ok {
			name := strings.TrimPrefix(ref, refPrefix)
			if _, ok := needed[name]; !ok {
				needed[name] = all[name]
				gather(all[name], all, needed)
			}
		}
		for _, part := range v {
			gather(part, all, needed)
		}
	case []any:
		for _, part := range v {
			gather(part, all, needed)
		}
	}
}

// tighten closes objects, and lets numbers pass where Kubernetes takes them for
// text: quantities and ports. name is the definition's, if it is one.
func tighten(s any, name string) {
	v, ok := s.(schema)
	if !ok {
		return
	}
	if v["format"] == "int-or-string" || v["x-kubernetes-int-or-string"] == true || strings.HasSuffix(name, "resource.Quantity") {
		delete(v, "type")
		delete(v, "format")
		delete(v, "anyOf")
		v["type"] = []any{"string", "number"}
		return
	}
	properties, _ := v["properties"].(schema)
	_, open := v["additionalProperties"]
	if len(properties) > 0 && !open && v["x-kubernetes-preserve-unknown-fields"] != true {
		v["additionalProperties"] = false
	}
	for _, p := range properties {
		tighten(p, "")
	}
	for _, part := range []string{"items", "additionalProperties"} {
		tighten(v[part], "")
	}
}

// fromCRD is a schema for each version of a CustomResourceDefinition.
func fromCRD(doc schema) map[string]schema {
	kinds := make(map[string]schema)
	spec, _ := doc["spec"].(schema)
	group, _ := spec["group"].(string)
	names, _ := spec["names"].(schema)
	kind, _ := names["kind"].(string)
	versions, _ := spec["versions"].([]any)
	for _, x := range versions {
		v, _ := x.(schema)
		version, _ := v["name"].(string)
		holder, _ := v["schema"].(schema)
		s, _ := holder["openAPIV3Schema"].(schema)
		if s == nil {
			continue
		}
		tighten(s, "")
		kinds[fileName(group, version, kind)] = s
	}
	return kinds
}
