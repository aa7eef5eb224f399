// Package deploy holds the tests of what is in deploy/: that the policies grant
// what the programs ask for and nothing else, that the manifests name flags and
// metrics that exist, and that the programs build the same twice.
package deploy
