// Package job holds Relock's vocabulary: jobs, targets, outcomes and halts, and
// the closed sets that metrics, ledger and reports share. It imports nothing of
// Relock's own and does no input or output.
package job

import (
	"maps"
	"time"
)

// Job is one mass reset: where its list came from, who asked for it and why,
// and the policy under which its targets are reset.
type Job struct {
	// ID names the job in the ledger, in messages and on the command line.
	ID string
	// Pool is the ID of the one user pool whose users the job resets.
	Pool string
	// Region is the Region of the pool, the part of Pool before the underscore.
	Region string
	// Reason is the operator's own words; may be empty.
	Reason string
	// Parent is the job whose failed targets this one tries again; may be empty.
	Parent string
	// StartedBy is the ARN of the caller who enqueued, or a user@host where
	// no identity is known.
	StartedBy string
	// Sources names the lists, in the order read.
	Sources []Source
	// Content is a digest of pool, targets, metadata and policy, in hexadecimal:
	// the same list again has the same, whatever the order of its rows.
	Content string
	// Policy says how the targets are treated.
	Policy Policy
	// Plan is what was known and decided before the first message.
	Plan Plan
	// Seal is the root of the records of a finished job; nil before.
	Seal *Seal
	// Counts accounts for every row of the lists.
	Counts Counts
	// State is where the job stands.
	State State
	// Created is when the job was written, Opened when its last message was
	// accepted by the queue, Finished when its last target had an outcome.
	// Zero where it has not happened.
	Created, Opened, Finished time.Time
}

// Source is one list that a job was read from.
type Source struct {
	// Name is the file's base name, or "-" for standard input.
	Name string `json:"name"`
	// SHA256 is the digest of the bytes as read, in hexadecimal.
	SHA256 string `json:"sha256"`
}

// Policy says how a job's targets are treated. It lives in the ledger, so that
// a message alone cannot change it.
type Policy struct {
	// SignOut also ends the user's sessions after the reset.
	SignOut bool `json:"sign_out,omitempty"`
	// Metadata is sent with every target that has none of its own for a key.
	Metadata map[string]string `json:"metadata,omitempty"`
}

// MetadataFor is what is sent to the pool's triggers for a target: the job's
// metadata, and over it the target's own. The caller may not change it.
func (p Policy) MetadataFor(own map[string]string) map[string]string {
	if len(p.Metadata) == 0 {
		return own
	}
	m := maps.Clone(p.Metadata)
	maps.Copy(m, own)
	return m
}

// Counts accounts for every row: Rows = Duplicates + Excluded + Invalid + Targets.
type Counts struct {
	Rows       int64 `json:"rows"`
	Duplicates int64 `json:"duplicates"`
	Excluded   int64 `json:"excluded"`
	Invalid    int64 `json:"invalid"`
	Targets    int64 `json:"targets"`
}

// State is where a job stands.
type State string

// The states of a job.
const (
	// StateStaging is a job whose targets or messages are still being written.
	StateStaging State = "staging"
	// StateOpen is a job whose targets may be reset.
	StateOpen State = "open"
	// StatePaused is a job that an operator has put on hold.
	StatePaused State = "paused"
	// StateCancelled is a job that will not be worked on again; its pending
	// targets have the outcome cancelled.
	StateCancelled State = "cancelled"
	// StateFinished is a job whose every target has an outcome.
	StateFinished State = "finished"
)

// Over reports whether nothing more is reset for a job in this state, ever.
func (s State) Over() bool { return s == StateFinished || s == StateCancelled }

// Target is one user to reset.
type Target struct {
	// Username is the name as written in the list: a username, an alias, a sub.
	Username Username
	// File is the list's index in Job.Sources.
	File int
	// Line is the line of the list on which the row begins, from 1.
	Line int64
	// Metadata is the client metadata for the pool's triggers; may be nil.
	Metadata map[string]string
}
