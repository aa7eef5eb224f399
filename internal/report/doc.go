// Package report answers what became of a job, from its ledger: lists of targets,
// who can still sign in, the evidence, and the root by which a change of the
// records is noticed. It reads target by target and never holds a whole job.
package report
