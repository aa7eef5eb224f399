// Package dashboard makes what shows and watches Relock from outside: the Grafana
// dashboard, the recording and the alert rules of Prometheus. The files under
// dashboards/ are its output, written by `make dashboards`; its tests hold them
// against the metrics that a worker really has, against the rules of the trade
// (Lint, LintRules), and against promtool.
package dashboard
