package dashboard

// Files are the files under dashboards/ by name. runbook is the address of
// docs/runbook.md.
func Files(runbook string) (map[string][]byte, error) {
	grafana, err := Relock(runbook).JSON()
	if err != nil {
		return nil, err
	}
	groups := Rules(runbook)
	rules, err := YAML(groups)
	if err != nil {
		return nil, err
	}
	tests, err := UnitTests(groups)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		"relock.json": grafana, "rules/relock.rules.yml": rules, "rules/relock_test.yml": tests,
	}, nil
}
