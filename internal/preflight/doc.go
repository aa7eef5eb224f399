// Package preflight asks AWS the questions whose answers an operator wants before
// anything is done, and says what it found: a closed set of findings (codes.go),
// each of which stops the run unless it is forced by name, or informs. It changes
// nothing, and resets nobody.
//
// What cannot be asked is a finding too. Facts about AWS carry their source where
// they are used; what nobody has verified is said to be so.
package preflight
