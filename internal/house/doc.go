// Package house holds the tests of the house's own rules: imports point down
// only, and every package says what it is. docs/architecture.md has the plan.
package house
