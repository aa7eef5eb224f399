package job

// Exclusions is the set of users whom a job must not touch, to be asked by any
// of their names. The zero value excludes nobody. It may be asked concurrently.
type Exclusions struct {
	fold  bool
	names map[Username]struct{}
}

// NewExclusions makes the set of a job's exclusions. fold is Plan.FoldCase: the
// pool ignores the case of usernames.
func NewExclusions(list []Exclusion, fold bool) Exclusions {
	e := Exclusions{fold: fold, names: make(map[Username]struct{}, 3*len(list))}
	for _, x := range list {
		for _, n := range x.Names() {
			e.names[n.Key(fold)] = struct{}{}
		}
	}
	return e
}

// Has reports whether the name, as a list or a message writes it, is one of an
// excluded user's. Case counts as Username.Key has it.
func (e Exclusions) Has(name Username) bool {
	if len(e.names) == 0 {
		return false
	}
	_, ok := e.names[name.Key(e.fold)]
	return ok
}

// Len is the number of names.
func (e Exclusions) Len() int { return len(e.names) }
